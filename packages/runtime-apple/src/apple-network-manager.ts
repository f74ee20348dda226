import {
  type CreateNetworkOptions,
  createHostError,
  hasLabels,
  isOurs,
  type ListOptions,
  type NetworkInfo,
  type NetworkManager,
  type OperationOptions,
  type StringMap,
  toObjectLabels,
  validateId,
  validateLabels,
  validateName,
} from '@capstan/core'
import { type AppleCall, type AppleConnection, orGone } from './apple-connection.js'
import { isNameTaken, toErrorText } from './apple-errors.js'
import { toLabelOptions } from './container/create-arguments.js'
import { listAll } from './container/find-container.js'
import { type AppleNetwork, parseNetworks } from './output/networks.js'

/** Networks of the command line; macOS 26 and newer. The name is the id. */
export class AppleNetworkManager implements NetworkManager {
  readonly #connection: AppleConnection

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async createNetwork(name: string, options: CreateNetworkOptions = {}): Promise<string> {
    validateName(name)
    this.#checkName(name)
    const { labels = {}, internal = false } = options
    validateLabels(labels)
    this.#checkLabelKeys(labels)
    const owned = toObjectLabels({ kind: 'network' }, this.#connection.ownerLabels, labels)
    const flags = internal ? ['--internal'] : []
    const argv = ['network', 'create', ...flags, ...toLabelOptions(owned), name]
    return await this.#connection.call({ operation: 'createNetwork', subject: name }, options, async (call) => {
      call.undo.add('network', ({ signal }) => this.#removeOurs(name, { ...call, signal }))
      const result = await this.#connection.cli.run(argv, { ...call, lingerMs: 5_000 })
      if (result.exitCode === 0) return name
      call.undo.release()
      if (!isNameTaken(toErrorText(result.stderr))) throw this.#connection.toError(result, call)
      const holder = (await this.#list(call)).find((network) => network.name === name)
      const ours = isOurs(holder?.labels, this.#connection.ownerLabels)
      throw createHostError('NAME_CONFLICT', { name, holderId: holder?.id, ours })
    })
  }

  async removeNetwork(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#connection.call({ operation: 'removeNetwork', subject: id }, options, (call) => this.#remove(id, call))
  }

  async listNetworks(options: ListOptions = {}): Promise<readonly NetworkInfo[]> {
    return await this.#connection.call({ operation: 'listNetworks', subject: 'the networks' }, options, async (call) =>
      (await this.#list(call))
        .filter(({ labels }) => hasLabels(labels, options.labels))
        .map(({ id, name, internal, labels }) => ({ id, name, internal, labels })),
    )
  }

  async #list(call: Omit<AppleCall, 'undo'>): Promise<readonly AppleNetwork[]> {
    const { stdout } = await this.#connection.run(['network', 'list', '--format', 'json'], call)
    return parseNetworks(call.operation, stdout)
  }

  async #remove(id: string, call: Omit<AppleCall, 'undo'>): Promise<void> {
    const result = await this.#connection.cli.run(['network', 'delete', id], call)
    if (result.exitCode === 0) return
    // The text does not always tell why: what is there does.
    if (!(await this.#list(call)).some((network) => network.id === id)) return
    const containers = await listAll(this.#connection, call)
    const users = containers.filter(({ networks }) => networks.includes(id)).map((container) => container.id)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `network "${id}"`, users })
    throw this.#connection.toError(result, call)
  }

  async #removeOurs(name: string, call: Omit<AppleCall, 'undo'>): Promise<void> {
    const found = (await this.#list(call)).find((network) => network.name === name)
    if (found === undefined || !isOurs(found.labels, this.#connection.ownerLabels)) return
    await orGone(this.#remove(name, call), 'NETWORK_NOT_FOUND')
  }

  #checkName(name: string): void {
    if (/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name)) return
    const reason = 'a network has a name of at most 63 lower-case letters, digits, "_", "." or "-" here'
    throw this.#connection.toUnsupported('name', name, reason)
  }

  #checkLabelKeys(labels: StringMap): void {
    const bad = Object.keys(labels).find((key) => !/^[a-z0-9](?:[a-z0-9./-]{0,126}[a-z0-9])?$/.test(key))
    if (bad === undefined) return
    const reason = 'labels of networks have keys of lower-case letters, digits, ".", "/" or "-" here'
    throw this.#connection.toUnsupported('labels', bad, reason)
  }
}
