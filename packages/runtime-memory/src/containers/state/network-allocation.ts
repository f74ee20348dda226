import { type FirewallRules, isHostError } from '@capstan/core'
import { createHostError, type NetworkJoin, type PortBinding } from '@capstan/core/plugin'
import { applyFirewall } from '../../firewall/apply-firewall.js'
import type { ContainerNetworking } from '../../networks/container-networking.js'
import { NetworkNamespace } from '../../networks/network-namespace.js'
import type { MemoryNetwork, NetworkStore } from '../../networks/network-store.js'
import { publishPorts } from '../../networks/published-ports.js'
import type { ContainerStore } from './container-store.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './memory-container.js'

/** The addresses of a running container on its networks, and its published ports. */
export interface NetworkAllocation {
  readonly networking: ContainerNetworking
  readonly ports: readonly PortBinding[]
  /** Joins another network. */
  join(network: MemoryNetwork, join: NetworkJoin): void
  /** Leaves a network and ends the connections on it. */
  leave(network: MemoryNetwork): void
  /** Closes the ports and all connections, and leaves the networks. Idempotent. */
  release(): Promise<void>
}

/** The parts of the engine that networking uses. */
export interface NetworkStores {
  readonly networks: NetworkStore
  readonly containers: ContainerStore
}

/** The properties of a container that determine its networks. */
type NetworkedContainer = Pick<MemoryContainer, 'id' | 'name' | 'config' | 'joins'>

/** Joins the container's networks, sets the firewall rules and publishes the ports; undone on failure. */
export async function allocateNetwork(
  stores: NetworkStores,
  container: NetworkedContainer,
  rules: FirewallRules | undefined,
): Promise<NetworkAllocation> {
  const { id, config } = container
  if (config.network?.mode === 'container') return shareNetwork(stores, config.network.id)
  const networks: MemoryNetwork[] = []
  const networking: ContainerNetworking = {
    id,
    usesHostNetwork: config.network?.mode === 'host',
    ownNames: [config.hostname ?? id.slice(0, 12)],
    extraHosts: config.extraHosts ?? {},
    namespace: new NetworkNamespace(),
    networks,
  }
  const join = (network: MemoryNetwork, { aliases = [], ipAddress }: NetworkJoin) => {
    const names = network === stores.networks.defaultNetwork ? [] : [container.name, id.slice(0, 12), ...aliases]
    const findName = (other: string) => stores.containers.find(other)?.name ?? container.name
    stores.networks.join(network, { containerId: id, names, namespace: networking.namespace, ipAddress }, findName)
    networks.push(network)
  }
  const disconnect = () => {
    networking.namespace.close()
    for (const network of networks) stores.networks.leave(network, id)
  }
  try {
    for (const [networkId, settings] of container.joins) join(stores.networks.require(networkId), settings)
    if (rules !== undefined) applyStoredRules(networking, rules)
    const { bindings, close } = await publishPorts(config.ports ?? [], networking.namespace, (hostPort) =>
      findPublishers(stores.containers, hostPort),
    )
    const release = async () => {
      disconnect()
      await close()
    }
    const leave = (network: MemoryNetwork) => {
      endConnections(networking, network)
      stores.networks.leave(network, id)
      networks.splice(networks.indexOf(network), 1)
    }
    return { networking, ports: bindings, join, leave, release }
  } catch (error) {
    disconnect()
    throw error
  }
}

/** Uses the network of another container, which keeps it. Throws NOT_RUNNING if that one does not run. */
function shareNetwork({ containers }: NetworkStores, ownerId: string): NetworkAllocation {
  const owner = containers.require(ownerId)
  const run = getCurrentRun(owner)
  if (run === undefined) throw createHostError('NOT_RUNNING', { id: owner.id, state: toContainerState(owner) })
  const { networking, join, leave } = run.network
  return { networking, ports: [], join, leave, release: async () => {} }
}

/** Ends the connections of a container on a network, in both directions. */
function endConnections({ id, namespace }: ContainerNetworking, { members, subnets }: MemoryNetwork): void {
  const own = members.get(id)
  namespace.destroyConnections(({ address }) => subnets.some(({ range }) => range.contains(address)))
  for (const member of members.values()) {
    member.namespace.destroyConnections(({ address }) => address === own?.ipAddress || address === own?.ipv6Address)
  }
}

/** Sets the rules before the program starts. */
function applyStoredRules(networking: ContainerNetworking, rules: FirewallRules): void {
  try {
    applyFirewall(networking, rules)
  } catch (error) {
    if (!isHostError(error, 'FIREWALL_FAILED')) throw error
    throw createHostError('FIREWALL_FAILED', { ...error.facts, containment: 'not-started' }, { cause: error.cause })
  }
}

function findPublishers(containers: ContainerStore, hostPort: number): readonly string[] {
  return containers.list().flatMap((container) => {
    const ports = getCurrentRun(container)?.network.ports ?? []
    return ports.some((port) => port.hostPort === hostPort) ? container.name : []
  })
}
