import {
  type ContainerConfig,
  defineNeeds,
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
 * The volume is mounted read-only: the container can connect, but cannot replace the daemon's socket by its own, which would
 * receive later builds with their secrets.
 */
export function connectBySocket(
  { report }: Pick<BuildKitManagers, 'report'>,
  config: ContainerConfig,
  socketVolume: string,
): ContainerConfig {
  const mount = { type: 'volume', source: socketVolume, target: directory, readOnly: true } as const
  const support = toFeatureSupport('a shared BuildKit socket', socketNeeds, report)
  if (!support.supported) {
    const { feature, runtime, missing } = support
    throw new MissingCapabilityError({ feature, runtime, missing })
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

const socketNeeds = defineNeeds({ required: { volumes: volumeManagerCapability } })

/** In the other container. */
const directory = '/run/buildkit'
