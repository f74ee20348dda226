import type { UnsupportedOption } from '@capstan/core/plugin'

/** What the probe found, for `register`. */
export interface AppleDetails {
  /** Path or name of the command. */
  readonly command: string
  readonly version: string
  readonly unsupportedOptions: readonly UnsupportedOption[]
  /** Whether the command has the group `network`, which needs macOS 26. */
  readonly hasNetworkCommand: boolean
  /** Whether to register the managers of networks and sidecars. */
  readonly hasNetworks: boolean
  readonly hasFirewalls: boolean
  readonly hasVolumes: boolean
  readonly hasStats: boolean
  /** Whether `image pull` has the option `--progress`. */
  readonly hasPullProgress: boolean
}
