import {
  type ConnectContainerOptions,
  type CreateNetworkOptions,
  type NetworkInfo,
  type NetworkInspection,
  type NetworkManager,
  networkManagerCapability,
  type OperationOptions,
} from '@capstan/core'
import {
  createHostError,
  type DisconnectContainerOptions,
  isListed,
  type ListOptions,
  listRequestedSubnets,
  toObjectLabels,
  validateConnection,
  validateDisconnection,
  validateId,
  validateListOptions,
  validateNetwork,
} from '@capstan/core/plugin'
import { connectContainer, disconnectContainer } from './containers/connect-container.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'
import type { MemoryNetwork } from './networks/network-store.js'

/** Manages simulated networks. Each has its own subnet, and its own names for the containers on it. */
export class MemoryNetworkManager implements NetworkManager {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async createNetwork(name: string, options: CreateNetworkOptions = {}): Promise<string> {
    validateNetwork(name, options)
    const { labels = {}, internal = false, subnets = [], ipv6, scope } = options
    this.#checkOption('networks.cluster', scope === 'cluster' && scope)
    this.#checkOption(
      'networks.gateway',
      subnets.find(({ gateway }) => gateway !== undefined),
    )
    this.#checkOption('networks.subnets', subnets[0])
    const requested = listRequestedSubnets(options)
    this.#checkOption('networks.ipv6', ipv6 === true || requested.find(({ cidr }) => cidr.includes(':')))
    const { engine, ownerLabels } = this.#context
    return await this.#context.call('createNetwork', options, ({ undo }) => {
      const holder = engine.networks.list().find((network) => network.name === name)
      this.#context.checkNameIsFree(name, holder)
      const allLabels = toObjectLabels({ kind: 'network' }, ownerLabels, labels)
      const { id } = engine.networks.add({
        name,
        internal,
        labels: allLabels,
        subnets: requested,
        ...(scope !== undefined && { scope }),
      })
      undo.add(`network ${name}`, async () => engine.networks.delete(id))
      return id
    })
  }

  async removeNetwork(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    const { networks } = this.#context.engine
    await this.#context.call('removeNetwork', options, () => {
      const network = networks.find(id)
      if (network === undefined) return
      this.#checkRemovable(network)
      networks.delete(network.id)
    })
  }

  async listNetworks(options: ListOptions = {}): Promise<readonly NetworkInfo[]> {
    validateListOptions(options)
    const { networks } = this.#context.engine
    return await this.#context.call('listNetworks', options, () =>
      networks
        .list()
        .filter((object) => isListed(object, options))
        .map(toNetworkInfo),
    )
  }

  async inspectNetwork(id: string, options: OperationOptions = {}): Promise<NetworkInspection> {
    validateId(id)
    const { networks, containers } = this.#context.engine
    return await this.#context.call('inspectNetwork', options, () => {
      const network = networks.require(id)
      const members = [...network.members.values()].map(({ containerId, ipAddress, ipv6Address }) => {
        return { containerId, containerName: containers.find(containerId)?.name ?? '', ipAddress, ipv6Address }
      })
      return { ...toNetworkInfo(network), members }
    })
  }

  async connectContainer(networkId: string, containerId: string, options: ConnectContainerOptions = {}): Promise<void> {
    validateConnection(networkId, containerId, options)
    this.#checkOption('networks.connect', networkId)
    const { networks, containers } = this.#context.engine
    const { aliases = [], ipAddress } = options
    await this.#context.call('connectContainer', options, async ({ undo }) => {
      const [network, container] = [networks.require(networkId), containers.require(containerId)]
      const join = { networkId, aliases, ...(ipAddress !== undefined && { ipAddress }) }
      const isNew = await connectContainer(this.#context, { network, container, join })
      if (isNew) undo.add(`connection to ${network.name}`, async () => disconnectContainer(network, container))
    })
  }

  async disconnectContainer(
    networkId: string,
    containerId: string,
    options: DisconnectContainerOptions = {},
  ): Promise<void> {
    validateDisconnection(networkId, containerId, options)
    this.#checkOption('networks.connect', networkId)
    const { networks, containers } = this.#context.engine
    await this.#context.call('disconnectContainer', options, () => {
      const [network, container] = [networks.find(networkId), containers.find(containerId)]
      if (network !== undefined && container !== undefined) disconnectContainer(network, container)
    })
  }

  #checkOption(field: keyof typeof networkManagerCapability.options, given: unknown): void {
    this.#context.checkOption(networkManagerCapability, field, given)
  }

  #checkRemovable(network: MemoryNetwork): void {
    const { containers, networks } = this.#context.engine
    if (network === networks.defaultNetwork) {
      const reason = 'it is the default network'
      // The status of Docker's response to this request.
      const facts = { operation: 'removeNetwork', subject: network.name, status: 403, reason }
      throw createHostError('OPERATION_FAILED', facts)
    }
    const users = [...network.members.keys()].map((id) => containers.find(id)?.name ?? id)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `network "${network.name}"`, users })
  }
}

function toNetworkInfo({ id, name, internal, labels, subnets }: MemoryNetwork): NetworkInfo {
  return { id, name, internal, labels, subnets: subnets.map(({ cidr, gateway }) => ({ cidr, gateway })) }
}
