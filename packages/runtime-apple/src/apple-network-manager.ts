import type { NetworkInfo, NetworkManager, OperationOptions } from '@capstan/core'
import {
  type CreateNetworkOptions,
  isListed,
  type ListOptions,
  type StringMap,
  validateId,
  validateLabels,
  validateListOptions,
  validateName,
} from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
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
    validateName(name)
    this.#checkName(name)
    const { labels = {}, internal = false } = options
    validateLabels(labels)
    this.#checkLabelKeys(labels)
    const flags = internal ? ['--internal'] : []
    return await this.#networks.create('createNetwork', { name, labels, flags }, options)
  }

  async removeNetwork(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#networks.remove('removeNetwork', id, options)
  }

  async listNetworks(options: ListOptions = {}): Promise<readonly NetworkInfo[]> {
    validateListOptions(options)
    const all = await this.#networks.list('listNetworks', options)
    return all
      .filter((network) => isListed(network, options))
      .map(({ id, name, internal, labels }) => ({ id, name, internal, labels }))
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
