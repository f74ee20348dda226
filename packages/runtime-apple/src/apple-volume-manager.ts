import type { OperationOptions, VolumeInfo, VolumeManager } from '@capstan/core'
import {
  type CreateVolumeOptions,
  isListed,
  type ListOptions,
  validateListOptions,
  validateName,
  validateVolume,
} from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import type { NamedObjects } from './named-objects.js'
import { createVolumeObjects } from './volumes/volume-objects.js'

/** Volumes of the command: disk images, each for one running container at a time. */
export class AppleVolumeManager implements VolumeManager {
  readonly #volumes: NamedObjects<VolumeInfo>

  constructor(context: AppleRuntimeContext) {
    this.#volumes = createVolumeObjects(context)
  }

  async createVolume(name: string, options: CreateVolumeOptions = {}): Promise<string> {
    validateVolume(name, options)
    const { labels = {} } = options
    return await this.#volumes.create('createVolume', { name, labels }, options)
  }

  async removeVolume(name: string, options: OperationOptions = {}): Promise<void> {
    validateName(name)
    await this.#volumes.remove('removeVolume', name, options)
  }

  async listVolumes(options: ListOptions = {}): Promise<readonly VolumeInfo[]> {
    validateListOptions(options)
    const all = await this.#volumes.list('listVolumes', options)
    return all.filter((volume) => isListed(volume, options))
  }
}
