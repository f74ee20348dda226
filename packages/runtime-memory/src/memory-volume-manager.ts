import type { OperationOptions, VolumeInfo, VolumeManager } from '@capstan/core'
import {
  type CreateVolumeOptions,
  createHostError,
  hasLabels,
  isOurs,
  type ListOptions,
  toObjectLabels,
  validateLabels,
  validateName,
} from '@capstan/core/plugin'
import type { MemoryConnection } from './memory-connection.js'

/** Manages simulated volumes. Their files are kept in memory until the volume is removed. */
export class MemoryVolumeManager implements VolumeManager {
  readonly #connection: MemoryConnection

  constructor(connection: MemoryConnection) {
    this.#connection = connection
  }

  async createVolume(name: string, options: CreateVolumeOptions = {}): Promise<string> {
    const { labels = {} } = options
    validateName(name)
    validateLabels(labels)
    const { engine, ownerLabels } = this.#connection
    return await this.#connection.call('createVolume', options, ({ undo }) => {
      const holder = engine.volumes.find(name)
      if (holder !== undefined) {
        const facts = { name, holderId: holder.name, ours: isOurs(holder.labels, ownerLabels) }
        throw createHostError('NAME_CONFLICT', facts)
      }
      engine.volumes.add(name, toObjectLabels({ kind: 'volume' }, ownerLabels, labels), { createdAt: engine.now() })
      undo.add(`volume ${name}`, async () => engine.volumes.delete(name))
      return name
    })
  }

  async removeVolume(name: string, options: OperationOptions = {}): Promise<void> {
    validateName(name)
    const { volumes } = this.#connection.engine
    await this.#connection.call('removeVolume', options, () => {
      const users = this.#connection.engine.containers.findUsersOfVolume(name)
      if (users.length > 0) throw createHostError('IN_USE', { subject: `volume "${name}"`, users })
      volumes.delete(name)
    })
  }

  async listVolumes(options: ListOptions = {}): Promise<readonly VolumeInfo[]> {
    const { volumes } = this.#connection.engine
    return await this.#connection.call('listVolumes', options, () =>
      volumes
        .list()
        .filter(({ labels }) => hasLabels(labels, options.labels))
        .map(({ name, labels, createdAt }) => ({ name, labels, createdAt })),
    )
  }
}
