import type { NetworkInfo, NetworkManager, OperationOptions } from '@capstan/core'
import {
  type CreateNetworkOptions,
  createHostError,
  isListed,
  type ListOptions,
  toObjectLabels,
  validateId,
  validateLabels,
  validateListOptions,
  validateName,
} from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'
import type { MemoryNetwork } from './networks/network-store.js'

/** Manages simulated networks. Each has its own subnet, and its own names for the containers on it. */
export class MemoryNetworkManager implements NetworkManager {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async createNetwork(name: string, options: CreateNetworkOptions = {}): Promise<string> {
    const { labels = {}, internal = false } = options
    validateName(name)
    validateLabels(labels)
    const { engine, ownerLabels } = this.#context
    return await this.#context.call('createNetwork', options, ({ undo }) => {
      const holder = engine.networks.list().find((network) => network.name === name)
      this.#context.checkNameIsFree(name, holder)
      const allLabels = toObjectLabels({ kind: 'network' }, ownerLabels, labels)
      const { id } = engine.networks.add({ name, internal, labels: allLabels })
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
        .map(({ id, name, internal, labels }) => ({ id, name, internal, labels })),
    )
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
