import { compareVersions } from '../engine/api-version.js'

/**
 * Whether the API version in use has a feature. The functions that ask for it send an older request otherwise.
 * https://docs.docker.com/reference/api/engine/version-history/
 */
export function hasFeature(apiVersion: string, feature: keyof typeof features): boolean {
  return compareVersions(apiVersion, features[feature]) >= 0
}

/** The API versions that introduced the features. */
const features = {
  /** A followed log is complete. Before, it can end with the container while a slow reader reads. Seen on Docker 20.10. */
  completeLogs: '1.42',
  /**
   * A wait answers with the code of the exit that it has seen. Before, a start right after this exit can replace it by 0.
   * https://github.com/moby/moby/pull/43751
   */
  ownExitCodes: '1.42',
  /** A create connects the container to several networks. Before, the others are connected after the create. */
  severalNetworks: '1.44',
  /** A health check has a separate interval for its start period, 5 s by default. */
  startInterval: '1.44',
  /** The name of a network is unique. Before, requests at the same time can create several of one name. */
  uniqueNetworkNames: '1.44',
  /** `Mounts` supports the options `exec` and `noexec` of a tmpfs. Before, such a mount is sent in `Tmpfs`. */
  tmpfsOptions: '1.46',
} as const
