import { type ContainerConfig, type ContainerNetwork, createHostError, refuseOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'

/** Adds the network of the sidecar, and its address there. Certificates of its own are the container's affair. */
export function connectByTcp(
  { report }: BuildKitManagers,
  config: ContainerConfig,
  { networkId, address }: { readonly networkId: string; readonly address: string | undefined },
): ContainerConfig {
  if (address === undefined) throw refuse('by', '"socket" for a sidecar that was started without tcp', '"tcp"')
  const connected = {
    ...config,
    network: join(config.network, networkId),
    env: { ...config.env, BUILDKIT_HOST: address },
  }
  const { image, network } = connected
  refuseOptions(report.runtime, { image, network }, report.available ? report.refuses : [])
  return connected
}

function join(network: ContainerNetwork | undefined, networkId: string): ContainerNetwork {
  if (network === undefined || network.mode === 'default') return { mode: 'networks', networks: [{ networkId }] }
  if (network.mode !== 'networks')
    throw refuse('network.mode', 'one that can have the network of BuildKit as well', `"${network.mode}"`)
  if (network.networks.some((joined) => joined.networkId === networkId)) return network
  return { mode: 'networks', networks: [...network.networks, { networkId }] }
}

function refuse(field: string, expected: string, given: string): Error {
  return createHostError('INVALID_ARGUMENT', { field, expected, given })
}
