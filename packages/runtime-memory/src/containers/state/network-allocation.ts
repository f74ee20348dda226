import { type FirewallRules, isHostError } from '@capstan/core'
import { createHostError, type PortBinding } from '@capstan/core/plugin'
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
  /** Closes the ports and all connections, and leaves the networks. Idempotent. */
  release(): Promise<void>
}

/** The parts of the engine that networking uses. */
export interface NetworkStores {
  readonly networks: NetworkStore
  readonly containers: ContainerStore
}

/** The properties of a container that determine its networks. */
type NetworkedContainer = Pick<MemoryContainer, 'id' | 'name' | 'config'>

/** Joins the container's networks, sets the firewall rules and publishes the ports; undone on failure. */
export async function allocateNetwork(
  stores: NetworkStores,
  container: NetworkedContainer,
  rules: FirewallRules | undefined,
): Promise<NetworkAllocation> {
  const { id, config } = container
  if (config.network?.mode === 'container') return shareNetwork(stores, config.network.id)
  const joined = findNetworks(stores.networks, container)
  const networking: ContainerNetworking = {
    id,
    usesHostNetwork: config.network?.mode === 'host',
    ownNames: [config.hostname ?? id.slice(0, 12)],
    extraHosts: config.extraHosts ?? {},
    namespace: new NetworkNamespace(),
    networks: joined.map(({ network }) => network),
    findNamespace: (containerId) => stores.containers.findNamespace(containerId),
  }
  const disconnect = () => {
    networking.namespace.close()
    for (const network of networking.networks) stores.networks.leave(network, id)
  }
  try {
    for (const { network, names } of joined) stores.networks.join(network, id, names)
    if (rules !== undefined) applyStoredRules(networking, rules)
    const { bindings, close } = await publishPorts(config.ports ?? [], networking.namespace, (hostPort) =>
      findPublishers(stores.containers, hostPort),
    )
    const release = async () => {
      disconnect()
      await close()
    }
    return { networking, ports: bindings, release }
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
  return { networking: run.network.networking, ports: [], release: async () => {} }
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

interface JoinedNetwork {
  readonly network: MemoryNetwork
  readonly names: readonly string[]
}

/** Finds the networks to join, each with the names of the container on it. On the default network it has no names. */
function findNetworks(networks: NetworkStore, { config, name, id }: NetworkedContainer): readonly JoinedNetwork[] {
  const { network = { mode: 'default' } } = config
  if (network.mode === 'default') return [{ network: networks.defaultNetwork, names: [] }]
  if (network.mode !== 'networks') return []
  return network.networks.map(({ networkId, aliases = [] }) => ({
    network: networks.require(networkId),
    names: [name, id.slice(0, 12), ...aliases],
  }))
}
