import {
  type ContainerConfig,
  findCapability,
  type NetworkJoin,
  networkManagerCapability,
  type OperationOptions,
  type RuntimeScope,
} from '@capstan/core'

/** The config with the ids of the networks that it gives by name. A name that no network has stays: the runtime refuses it. */
export async function withNetworkIds(
  scope: RuntimeScope,
  config: ContainerConfig,
  options: OperationOptions,
): Promise<ContainerConfig> {
  const manager = findCapability(scope, networkManagerCapability)
  if (config.network?.mode !== 'networks' || manager === undefined) return config
  const known = await manager.listNetworks(options)
  const toId = (join: NetworkJoin): NetworkJoin => {
    const found = known.find(({ id, name }) => name === join.networkId || id === join.networkId)
    return { ...join, networkId: found?.id ?? join.networkId }
  }
  const [first, ...others] = config.network.networks
  return { ...config, network: { mode: 'networks', networks: [toId(first), ...others.map(toId)] } }
}
