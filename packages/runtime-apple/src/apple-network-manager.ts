import {
  type ConnectContainerOptions,
  type CreateNetworkOptions,
  type NetworkInfo,
  type NetworkInspection,
  type NetworkManager,
  networkManagerCapability,
  type OperationOptions,
  type SubnetConfig,
} from '@capstan/core'
import {
  createHostError,
  type DisconnectContainerOptions,
  isListed,
  type ListOptions,
  listRequestedSubnets,
  overlaps,
  parseSubnet,
  type StringMap,
  validateConnection,
  validateDisconnection,
  validateId,
  validateListOptions,
  validateNetwork,
} from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { listContainers } from './containers/queries/find-container.js'
import { NamedObjects } from './named-objects.js'
import { type AppleNetwork, parseNetworks } from './networks/parse-networks.js'

/** Networks of the command, on macOS 26 and newer. The name is the id. */
export class AppleNetworkManager implements NetworkManager {
  readonly #context: AppleRuntimeContext
  readonly #networks: NamedObjects<AppleNetwork>

  constructor(context: AppleRuntimeContext) {
    this.#context = context
    this.#networks = new NamedObjects(context, {
      noun: 'network',
      parse: parseNetworks,
      usedBy: ({ networks }) => networks,
    })
  }

  async createNetwork(name: string, options: CreateNetworkOptions = {}): Promise<string> {
    validateNetwork(name, options)
    this.#checkName(name)
    const { labels = {}, internal = false, subnets = [], ipv6 } = options
    this.#checkLabelKeys(labels)
    this.#checkOption('networks.cluster', options.scope === 'cluster' && options.scope)
    this.#checkOption(
      'networks.gateway',
      subnets.find(({ gateway }) => gateway !== undefined),
    )
    this.#checkOption('networks.subnets', subnets[0])
    const requested = listRequestedSubnets(options)
    this.#checkOption('networks.ipv6', ipv6 === true || requested.find(({ cidr }) => cidr.includes(':')))
    await this.#checkSubnets(requested, options)
    const ranges = requested.flatMap(({ cidr }) => [cidr.includes(':') ? '--subnet-v6' : '--subnet', cidr])
    const flags = [...(internal ? ['--internal'] : []), ...ranges]
    return await this.#networks.create('createNetwork', { name, labels, flags }, options)
  }

  async removeNetwork(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#networks.remove('removeNetwork', id, options)
  }

  async listNetworks(options: ListOptions = {}): Promise<readonly NetworkInfo[]> {
    validateListOptions(options)
    const all = await this.#networks.list('listNetworks', options)
    return all.filter((network) => isListed(network, options)).map(toNetworkInfo)
  }

  async inspectNetwork(id: string, options: OperationOptions = {}): Promise<NetworkInspection> {
    validateId(id)
    const network = (await this.#networks.list('inspectNetwork', options)).find((listed) => listed.id === id)
    if (network === undefined) throw createHostError('NETWORK_NOT_FOUND', { id })
    const call = { operation: 'inspectNetwork', subject: id }
    const containers = await this.#context.call(call, options, (own) => listContainers(this.#context, own))
    const members = containers.flatMap(({ id: containerId, state, attachments }) => {
      const attached = state === 'running' ? attachments.find((listed) => listed.network === id) : undefined
      if (attached === undefined) return []
      return [
        { containerId, containerName: containerId, ipAddress: attached.address, ipv6Address: attached.ipv6Address },
      ]
    })
    return { ...toNetworkInfo(network), members }
  }

  /** Rejects with OPTION_UNSUPPORTED: a container has the networks with which it was created. */
  async connectContainer(networkId: string, containerId: string, options: ConnectContainerOptions = {}): Promise<void> {
    validateConnection(networkId, containerId, options)
    this.#checkOption('networks.connect', networkId)
  }

  /** Rejects as {@link AppleNetworkManager.connectContainer}. */
  async disconnectContainer(
    networkId: string,
    containerId: string,
    options: DisconnectContainerOptions = {},
  ): Promise<void> {
    validateDisconnection(networkId, containerId, options)
    this.#checkOption('networks.connect', networkId)
  }

  /** Rejects with IN_USE for a subnet of another network, because the error text of the command is not known. */
  async #checkSubnets(requested: readonly SubnetConfig[], options: OperationOptions): Promise<void> {
    if (requested.length === 0) return
    const networks = await this.#networks.list('createNetwork', options)
    for (const { cidr } of requested) {
      const range = parseSubnet(cidr)
      const isUsedBy = ({ subnets }: AppleNetwork) =>
        subnets.some((subnet) => {
          const used = parseSubnet(subnet.cidr)
          return range !== undefined && used !== undefined && overlaps(range, used)
        })
      const users = networks.filter(isUsedBy).map(({ name }) => name)
      if (users.length > 0) throw createHostError('IN_USE', { subject: `subnet "${cidr}"`, users })
    }
  }

  #checkOption(field: keyof typeof networkManagerCapability.options, given: unknown): void {
    this.#context.checkOption(networkManagerCapability, field, given)
  }

  #checkName(name: string): void {
    if (/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name)) return
    const reason =
      'network names have at most 63 lower-case letters, digits, "_", "." or "-", and begin with a letter or digit'
    throw this.#context.toUnsupported('name', name, reason)
  }

  #checkLabelKeys(labels: StringMap): void {
    const bad = Object.keys(labels).find((key) => !/^[a-z0-9](?:[a-z0-9./-]{0,126}[a-z0-9])?$/.test(key))
    if (bad === undefined) return
    const reason =
      'keys of network labels have at most 128 lower-case letters, digits, ".", "/" or "-", the latter three not at an end'
    throw this.#context.toUnsupported('labels', bad, reason)
  }
}

function toNetworkInfo({ id, name, internal, labels, subnets }: AppleNetwork): NetworkInfo {
  return { id, name, internal, labels, subnets }
}
