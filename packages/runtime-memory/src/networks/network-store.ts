import { randomBytes } from 'node:crypto'
import {
  createHostError,
  defaultNetworkId,
  joinWords,
  type NetworkSubnet,
  overlaps,
  ownershipLabelKeys,
  parseSubnet,
  type StringMap,
  type Subnet,
  toAddressIn,
} from '@capstan/core/plugin'
import type { MemoryEventLog } from '../memory-event-log.js'
import type { NetworkNamespace } from './network-namespace.js'

/** A container on a network. */
export interface NetworkMember {
  readonly containerId: string
  readonly ipAddress: string
  /** `undefined` on a network without IPv6. */
  readonly ipv6Address: string | undefined
  /** Names that other members resolve to this container. Empty on the default network, as on Docker. */
  readonly names: readonly string[]
  /** Where the container listens. */
  readonly namespace: NetworkNamespace
}

/** A subnet of a simulated network. */
export interface MemorySubnet extends NetworkSubnet {
  readonly range: Subnet
  readonly gateway: string
}

/** One simulated network and its current members. */
export interface MemoryNetwork {
  readonly id: string
  readonly name: string
  readonly internal: boolean
  /** Whether it is on one engine or on all nodes of its cluster. */
  readonly scope: 'engine' | 'cluster'
  readonly labels: StringMap
  /** The IPv4 subnet, and the IPv6 subnet if there is one. */
  readonly subnets: readonly [MemorySubnet, ...MemorySubnet[]]
  /** Whether the creator of the network chose its subnets, so that containers can choose addresses. */
  readonly hasChosenSubnets: boolean
  /** The IPv4 address of this machine on the network. An internal network has no route to it. */
  readonly gateway: string
  readonly members: Map<string, NetworkMember>
}

/** A network to create. */
export interface NewNetwork extends Pick<MemoryNetwork, 'name' | 'internal' | 'labels'> {
  /** Default `engine`. */
  readonly scope?: MemoryNetwork['scope']
  /** The chosen subnets. Default of the IPv4 subnet: a free one. */
  readonly subnets?: readonly { readonly cidr: string; readonly gateway?: string }[]
}

/** The simulated networks. Unless another is chosen, each has its own subnet 10.n.0.0/16. The first one is the default network. */
export class NetworkStore {
  readonly defaultNetwork: MemoryNetwork
  readonly #events: MemoryEventLog
  readonly #networks = new Map<string, MemoryNetwork>()

  constructor(events: MemoryEventLog) {
    this.#events = events
    this.defaultNetwork = this.add({ name: 'bridge', internal: false, labels: {} })
  }

  list(): readonly MemoryNetwork[] {
    return [...this.#networks.values()]
  }

  /** Finds a network by name, id, or a unique prefix of its id. */
  find(idOrName: string): MemoryNetwork | undefined {
    if (idOrName === defaultNetworkId) return this.defaultNetwork
    const networks = this.list()
    const exact = networks.find(({ id, name }) => id === idOrName || name === idOrName)
    if (exact !== undefined) return exact
    const [first, ...others] = networks.filter(({ id }) => id.startsWith(idOrName))
    return others.length === 0 ? first : undefined
  }

  /** @throws HostError NETWORK_NOT_FOUND */
  require(idOrName: string): MemoryNetwork {
    const network = this.find(idOrName)
    if (network === undefined) throw createHostError('NETWORK_NOT_FOUND', { id: idOrName })
    return network
  }

  /** @throws HostError IN_USE when a chosen subnet overlaps with one of another network */
  add({ name, internal, scope = 'engine', labels, subnets = [] }: NewNetwork): MemoryNetwork {
    const chosen = subnets.map(toSubnet)
    for (const subnet of chosen) this.#checkIsFree(subnet)
    const first = chosen.find(({ range }) => range.family === 'ipv4') ?? this.#pickSubnet(name)
    const network = {
      id: randomBytes(32).toString('hex'),
      name,
      internal,
      scope,
      labels,
      subnets: [first, ...chosen.filter((subnet) => subnet !== first)] as const,
      hasChosenSubnets: chosen.length > 0,
      gateway: first.gateway,
      members: new Map<string, NetworkMember>(),
    }
    this.#networks.set(network.id, network)
    this.#events.emit({ kind: 'network', action: 'created', id: network.id, name })
    return network
  }

  delete(id: string): void {
    const name = this.#networks.get(id)?.name
    this.#networks.delete(id)
    if (name !== undefined) this.#events.emit({ kind: 'network', action: 'removed', id, name })
  }

  /** Adds a container to a network, with the chosen address or with a free one. */
  join(
    network: MemoryNetwork,
    { containerId, names, namespace, ipAddress }: NewMember,
    findName: (containerId: string) => string,
  ): NetworkMember {
    if (ipAddress !== undefined) checkIsFree(network, ipAddress, { containerId, findName })
    const { id, name, members, subnets } = network
    const pick = (subnet: MemorySubnet) =>
      ipAddress !== undefined && subnet.range.contains(ipAddress) ? ipAddress : pickAddress(network, subnet)
    const [first, ...others] = subnets
    const [ipv6Address] = others.map(pick)
    const member = { containerId, names, namespace, ipAddress: pick(first), ipv6Address }
    members.set(containerId, member)
    this.#events.emit({ kind: 'network', action: 'connected', id, name, containerId })
    return member
  }

  /** Removes a container from a network, if it is in it. */
  leave({ id, name, members }: MemoryNetwork, containerId: string): void {
    const isMember = members.delete(containerId)
    if (isMember) this.#events.emit({ kind: 'network', action: 'disconnected', id, name, containerId })
  }

  #checkIsFree(subnet: MemorySubnet): void {
    const users = this.#findUsers(subnet)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `subnet "${subnet.cidr}"`, users })
  }

  #findUsers({ range }: MemorySubnet): readonly string[] {
    return this.list().flatMap(({ name, subnets }) => (subnets.some((used) => overlaps(used.range, range)) ? name : []))
  }

  #pickSubnet(network: string): MemorySubnet {
    const used = this.list().flatMap(({ subnets }) => subnets.map(({ range }) => range))
    const free = defaultSubnets.find((subnet) => !used.some((range) => overlaps(range, subnet.range)))
    if (free !== undefined) return free
    const created = this.list().filter(({ labels }) => ownershipLabelKeys.instance in labels)
    const names = created.slice(0, 10).map(({ name }) => name)
    const reason = `all 256 simulated subnets are in use; ${created.length} belong to networks that Capstan created, such as ${joinWords(names)}`
    const remedy =
      'remove unused networks, or run `capstan sweep`, which removes the networks of processes that have ended'
    const facts = { operation: 'createNetwork', subject: `network "${network}"`, status: undefined, reason, remedy }
    throw createHostError('OPERATION_FAILED', facts)
  }
}

function toSubnet({ cidr, gateway }: { readonly cidr: string; readonly gateway?: string }): MemorySubnet {
  const range = parseSubnet(cidr)
  if (range === undefined) throw new RangeError(`${cidr} is not a subnet`)
  return { cidr, range, gateway: gateway ?? range.firstAddress }
}

/** A container that joins a network. */
export interface NewMember extends Pick<NetworkMember, 'containerId' | 'names' | 'namespace'> {
  readonly ipAddress?: string | undefined
}

/** @throws HostError INVALID_ARGUMENT unless a container can choose this address on the network */
export function checkAddress(network: MemoryNetwork, ipAddress: string | undefined, field: string): void {
  if (ipAddress === undefined) return
  const { hasChosenSubnets, subnets } = network
  if (hasChosenSubnets && subnets.some(({ range }) => range.contains(ipAddress))) return
  const expected = hasChosenSubnets
    ? `an address in ${joinWords(
        subnets.map(({ cidr }) => cidr),
        'or',
      )}`
    : 'absent for a network that was created without a subnet'
  throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(ipAddress) })
}

function checkIsFree(
  { subnets, members }: MemoryNetwork,
  address: string,
  { containerId, findName }: { readonly containerId: string; readonly findName: (containerId: string) => string },
): void {
  const holders = [...members.values()].filter(({ ipAddress, ipv6Address }) =>
    [ipAddress, ipv6Address].includes(address),
  )
  const users = holders.map((holder) => findName(holder.containerId))
  if (users.length === 0 && !subnets.some(({ gateway }) => gateway === address)) return
  throw createHostError('IN_USE', { subject: `address "${address}" of container "${findName(containerId)}"`, users })
}

function pickAddress({ name, members }: MemoryNetwork, { range, gateway }: MemorySubnet): string {
  const used = new Set([...members.values()].flatMap(({ ipAddress, ipv6Address }) => [ipAddress, ipv6Address]))
  const bits = range.family === 'ipv4' ? 32 : 128
  const last = 2 ** Math.min(16, bits - range.prefix) - 2
  for (let offset = 1; offset <= last; offset += 1) {
    const address = toAddressIn(range, offset)
    if (address !== gateway && !used.has(address)) return address
  }
  const reason = 'it has no free address'
  const facts = { operation: 'startContainer', subject: `network "${name}"`, status: undefined, reason }
  throw createHostError('OPERATION_FAILED', facts)
}

const defaultSubnets = Array.from({ length: 256 }, (_, index) => toSubnet({ cidr: `10.${index}.0.0/16` }))
