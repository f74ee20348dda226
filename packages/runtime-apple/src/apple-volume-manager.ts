import {
  type CreateVolumeOptions,
  createHostError,
  hasLabels,
  isOurs,
  type ListOptions,
  type OperationOptions,
  toObjectLabels,
  type VolumeInfo,
  type VolumeManager,
  validateLabels,
  validateName,
} from '@capstan/core'
import type { AppleCall, AppleConnection } from './apple-connection.js'
import { isNameTaken, toErrorText } from './apple-errors.js'
import { toLabelOptions } from './container/create-arguments.js'
import { listAll } from './container/find-container.js'
import { parseVolumes } from './output/volumes.js'

/** Volumes of the command line: images of disks, each for one running container at a time. */
export class AppleVolumeManager implements VolumeManager {
  readonly #connection: AppleConnection

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async createVolume(name: string, options: CreateVolumeOptions = {}): Promise<string> {
    validateName(name)
    const { labels = {} } = options
    validateLabels(labels)
    const owned = toObjectLabels({ kind: 'volume' }, this.#connection.ownerLabels, labels)
    const argv = ['volume', 'create', ...toLabelOptions(owned), name]
    return await this.#connection.call({ operation: 'createVolume', subject: name }, options, async (call) => {
      call.undo.add('volume', ({ signal }) => this.#removeOurs(name, { ...call, signal }))
      const result = await this.#connection.cli.run(argv, { ...call, lingerMs: 5_000 })
      if (result.exitCode === 0) return name
      call.undo.release()
      if (!isNameTaken(toErrorText(result.stderr))) throw this.#connection.toError(result, call)
      const holder = (await this.#list(call)).find((volume) => volume.name === name)
      const ours = isOurs(holder?.labels, this.#connection.ownerLabels)
      throw createHostError('NAME_CONFLICT', { name, holderId: holder?.name, ours })
    })
  }

  async removeVolume(name: string, options: OperationOptions = {}): Promise<void> {
    validateName(name)
    await this.#connection.call({ operation: 'removeVolume', subject: name }, options, (call) =>
      this.#remove(name, call),
    )
  }

  async listVolumes(options: ListOptions = {}): Promise<readonly VolumeInfo[]> {
    return await this.#connection.call({ operation: 'listVolumes', subject: 'the volumes' }, options, async (call) =>
      (await this.#list(call)).filter(({ labels }) => hasLabels(labels, options.labels)),
    )
  }

  async #list(call: Omit<AppleCall, 'undo'>): Promise<readonly VolumeInfo[]> {
    const { stdout } = await this.#connection.run(['volume', 'list', '--format', 'json'], call)
    return parseVolumes(call.operation, stdout)
  }

  async #remove(name: string, call: Omit<AppleCall, 'undo'>): Promise<void> {
    const result = await this.#connection.cli.run(['volume', 'delete', name], call)
    if (result.exitCode === 0) return
    // The text does not always tell why: what is there does.
    if (!(await this.#list(call)).some((volume) => volume.name === name)) return
    const containers = await listAll(this.#connection, call)
    const users = containers.filter(({ volumes }) => volumes.includes(name)).map(({ id }) => id)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `volume "${name}"`, users })
    throw this.#connection.toError(result, call)
  }

  async #removeOurs(name: string, call: Omit<AppleCall, 'undo'>): Promise<void> {
    const found = (await this.#list(call)).find((volume) => volume.name === name)
    if (found !== undefined && isOurs(found.labels, this.#connection.ownerLabels)) await this.#remove(name, call)
  }
}
