import { randomBytes } from 'node:crypto'
import { createHostError, joinWords, ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import type { MemoryEventLog } from '../memory-event-log.js'

/** A container on a network. */
export interface NetworkMember {
  readonly containerId: string
  readonly ipAddress: string
  /** Names that other members resolve to this container. Empty on the default network, as on Docker. */
  readonly names: readonly string[]
}

/** One simulated network and its current members. */
export interface MemoryNetwork {
  readonly id: string
  readonly name: string
  readonly internal: boolean
  readonly labels: StringMap
  /** The address of this machine on the network. An internal network has no route to it. */
  readonly gateway: string
  readonly members: Map<string, NetworkMember>
}

/** The simulated networks. Each has its own subnet 10.n.0.0/16; the first one is the default network. */
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

  add({ name, internal, labels }: Pick<MemoryNetwork, 'name' | 'internal' | 'labels'>): MemoryNetwork {
    const id = randomBytes(32).toString('hex')
    const gateway = `10.${this.#pickSubnet(name)}.0.1`
    const network = { id, name, internal, labels, gateway, members: new Map<string, NetworkMember>() }
    this.#networks.set(id, network)
    this.#events.emit({ kind: 'network', action: 'created', id, name })
    return network
  }

  delete(id: string): void {
    const name = this.#networks.get(id)?.name
    this.#networks.delete(id)
    if (name !== undefined) this.#events.emit({ kind: 'network', action: 'removed', id, name })
  }

  /** Adds a container to a network with an address of its own. */
  join(network: MemoryNetwork, containerId: string, names: readonly string[]): NetworkMember {
    const member = { containerId, ipAddress: pickAddress(network), names }
    const { id, name, members } = network
    members.set(containerId, member)
    this.#events.emit({ kind: 'network', action: 'connected', id, name, containerId })
    return member
  }

  /** Removes a container from a network, if it is in it. */
  leave({ id, name, members }: MemoryNetwork, containerId: string): void {
    const isMember = members.delete(containerId)
    if (isMember) this.#events.emit({ kind: 'network', action: 'disconnected', id, name, containerId })
  }

  #pickSubnet(network: string): number {
    const used = new Set(this.list().map(({ gateway }) => gateway))
    const free = Array.from({ length: 256 }, (_, index) => index).find((index) => !used.has(`10.${index}.0.1`))
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

function pickAddress({ name, gateway, members }: MemoryNetwork): string {
  const prefix = gateway.slice(0, -'0.1'.length)
  const used = new Set([...members.values()].map(({ ipAddress }) => ipAddress))
  for (let host = 2; host < 65_535; host += 1) {
    const address = `${prefix}${host >> 8}.${host & 0xff}`
    if (!used.has(address)) return address
  }
  const reason = 'it has no free address'
  const facts = { operation: 'startContainer', subject: `network "${name}"`, status: undefined, reason }
  throw createHostError('OPERATION_FAILED', facts)
}
