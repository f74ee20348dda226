import type { OperationOptions, VolumeInfo, VolumeManager } from '@capstan/core'
import {
  type CreateVolumeOptions,
  createHostError,
  isListed,
  type ListOptions,
  toObjectLabels,
  validateListOptions,
  validateName,
  validateVolume,
} from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Manages simulated volumes. Their files are kept in memory until the volume is removed. */
export class MemoryVolumeManager implements VolumeManager {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async createVolume(name: string, options: CreateVolumeOptions = {}): Promise<string> {
    validateVolume(name, options)
    const { labels = {} } = options
    const { engine, ownerLabels } = this.#context
    return await this.#context.call('createVolume', options, ({ undo }) => {
      this.#context.checkNameIsFree(name, engine.volumes.find(name))
      const allLabels = toObjectLabels({ kind: 'volume' }, ownerLabels, labels)
      engine.volumes.add({ name, labels: allLabels, createdAt: engine.now(), files: new Map() })
      undo.add(`volume ${name}`, async () => engine.volumes.delete(name))
      return name
    })
  }

  async removeVolume(name: string, options: OperationOptions = {}): Promise<void> {
    validateName(name)
    const { volumes, containers } = this.#context.engine
    await this.#context.call('removeVolume', options, () => {
      const users = containers.findUsersOfVolume(name)
      if (users.length > 0) throw createHostError('IN_USE', { subject: `volume "${name}"`, users })
      volumes.delete(name)
    })
  }

  async listVolumes(options: ListOptions = {}): Promise<readonly VolumeInfo[]> {
    validateListOptions(options)
    const { volumes } = this.#context.engine
    return await this.#context.call('listVolumes', options, () =>
      volumes
        .list()
        .filter((volume) => isListed(volume, options))
        .map(({ name, labels, createdAt }) => ({ name, labels, createdAt, mountpoint: undefined })),
    )
  }
}
