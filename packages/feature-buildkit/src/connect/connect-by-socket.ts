import {
  type ContainerConfig,
  MissingCapabilityError,
  refuseField,
  refuseOptions,
  toFeatureSupport,
  volumeManagerCapability,
} from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'

/**
 * Adds the volume with the daemon's socket, and where it is. The network stays as it is.
 *
 * The volume is mounted read-only: a container can connect, and cannot put a socket of its own in the daemon's place, to
 * which later builds with their secrets would go.
 */
export function connectBySocket(
  { report }: Pick<BuildKitManagers, 'report'>,
  config: ContainerConfig,
  socketVolume: string,
): ContainerConfig {
  const mount = { type: 'volume', source: socketVolume, target: directory, readOnly: true } as const
  const support = toFeatureSupport('BuildKit', { required: [volumeManagerCapability], optional: [] }, report)
  if (!support.supported) {
    const { runtime, missing } = support
    throw new MissingCapabilityError({ feature: 'a shared BuildKit socket', runtime, missing })
  }
  const refuses = report.available ? report.refuses : []
  refuseOptions(report.runtime, { image: config.image, mounts: [mount] }, refuses)
  refuseField(report.runtime, 'mounts.volume.shared', socketVolume, refuses)
  return {
    ...config,
    mounts: [...(config.mounts ?? []), mount],
    env: { ...config.env, BUILDKIT_HOST: `unix://${directory}/buildkitd.sock` },
  }
}

/** In the other container. */
const directory = '/run/buildkit'
