import {
  type ContainerConfig,
  defineNeeds,
  type OperationOptions,
  runtimeCapability,
  toFeatureSupport,
  volumeManagerCapability,
} from '@capstan/core'
import { type ContainerNetwork, checkConfigOptions, checkOption, createHostError } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { isUnsupported, tcpAlias } from './sidecar-config.js'
import type { SidecarSettings } from './sidecar-settings.js'

/**
 * Adds the volume with the daemon's socket to a config, and BUILDKIT_HOST.
 *
 * The volume is mounted read-only, so the container can connect to the socket but cannot replace it by its own, which would
 * receive later builds with their secrets.
 */
export function connectBySocket(
  { report }: Pick<BuildKitManagers, 'report'>,
  config: ContainerConfig,
  socketVolume: string,
): ContainerConfig {
  const mount = { type: 'volume', source: socketVolume, target: socketDirectory, readOnly: true } as const
  const support = toFeatureSupport('a shared BuildKit socket', socketNeeds, report)
  if (!support.supported) {
    const { feature, runtime, missing } = support
    throw createHostError('CAPABILITY_MISSING', { feature, runtime, missing, reports: [report] })
  }
  const unsupportedOptions = report.available ? report.unsupportedOptions : []
  checkConfigOptions(report.runtime, { image: config.image, mounts: [mount] }, unsupportedOptions)
  checkOption(runtimeCapability, 'mounts.volume.shared', socketVolume, { runtime: report.runtime, unsupportedOptions })
  return {
    ...config,
    mounts: [...(config.mounts ?? []), mount],
    env: { ...config.env, BUILDKIT_HOST: `unix://${socketDirectory}/buildkitd.sock` },
  }
}

const socketNeeds = defineNeeds({ required: { volumes: volumeManagerCapability } })

/**
 * Adds the network of the sidecar to a config, and BUILDKIT_HOST. The caller must provide client certificates in the container.
 */
export function connectByTcp(
  { report }: Pick<BuildKitManagers, 'report'>,
  config: ContainerConfig,
  { networkId, address }: { readonly networkId: string; readonly address: string | undefined },
): ContainerConfig {
  if (address === undefined) throw toInvalid('by', '"socket" for a sidecar that was started without tcp', '"tcp"')
  const network = joinNetwork(config.network, networkId)
  checkConfigOptions(
    report.runtime,
    { image: config.image, network },
    report.available ? report.unsupportedOptions : [],
  )
  return { ...config, network, env: { ...config.env, BUILDKIT_HOST: address } }
}

function joinNetwork(network: ContainerNetwork | undefined, networkId: string): ContainerNetwork {
  if (network === undefined || network.mode === 'default') return { mode: 'networks', networks: [{ networkId }] }
  if (network.mode !== 'networks')
    throw toInvalid('network.mode', '"default" or "networks" to join the network of BuildKit', `"${network.mode}"`)
  if (network.networks.some((joined) => joined.networkId === networkId)) return network
  return { mode: 'networks', networks: [...network.networks, { networkId }] }
}

function toInvalid(field: string, expected: string, given: string): Error {
  return createHostError('INVALID_ARGUMENT', { field, expected, given })
}

/**
 * Returns the address of a sidecar that listens on TCP, for other containers of its network: by name, or by IP address on a
 * runtime without network aliases.
 */
export async function findTcpAddress(
  managers: BuildKitManagers,
  { tcp }: SidecarSettings,
  { id, networkId, signal }: OperationOptions & { readonly id: string; readonly networkId: string },
): Promise<string | undefined> {
  if (tcp === undefined) return undefined
  if (!isUnsupported(managers, 'network.aliases')) return `tcp://${tcpAlias}:${tcp.port}`
  const { networks } = await managers.sidecars.inspectContainer(id, { signal })
  const ipAddress = networks.find((network) => network.networkId === networkId)?.ipAddress
  if (ipAddress !== undefined) return `tcp://${ipAddress.includes(':') ? `[${ipAddress}]` : ipAddress}:${tcp.port}`
  const reason = 'it has no address on its network'
  throw createHostError('OPERATION_FAILED', { operation: 'start BuildKit', subject: id, status: undefined, reason })
}

/** The directory of the socket in the connected container. */
const socketDirectory = '/run/buildkit'
