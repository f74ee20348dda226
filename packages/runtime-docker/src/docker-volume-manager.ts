import { isHostError, type OperationOptions, type VolumeInfo, type VolumeManager } from '@capstan/core'
import {
  type CreateVolumeOptions,
  createHostError,
  isListed,
  type ListOptions,
  validateListOptions,
  validateName,
  validateVolume,
} from '@capstan/core/plugin'
import { toContainerName } from './engine/container-name.js'
import type { InspectedVolume } from './engine/docker-api.js'
import type { DockerEngine, EngineCall } from './engine/docker-engine.js'
import { toLabelFilter } from './engine/label-filter.js'
import { createVolume } from './volumes/create-volume.js'

/** The volumes of a Docker Engine. New ones have the driver `local`. */
export class DockerVolumeManager implements VolumeManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async createVolume(name: string, options: CreateVolumeOptions = {}): Promise<string> {
    validateVolume(name, options)
    const { labels = {} } = options
    return await this.#engine.run('createVolume', name, options, (call) => createVolume(this.#engine, labels, call))
  }

  async removeVolume(name: string, options: OperationOptions = {}): Promise<void> {
    validateName(name)
    await this.#engine.run('removeVolume', name, options, async (call) => {
      try {
        await (await this.#engine.api(call)).getVolume(name).remove()
      } catch (error) {
        if (isHostError(error, 'VOLUME_NOT_FOUND')) return
        throw isHostError(error, 'IN_USE') ? await this.#toInUse(call, error) : error
      }
    })
  }

  async listVolumes(options: ListOptions = {}): Promise<readonly VolumeInfo[]> {
    validateListOptions(options)
    return await this.#engine.run('listVolumes', 'volumes', options, async (call) => {
      const { Volumes } = await (await this.#engine.api(call)).listVolumes({
        filters: toLabelFilter(options.labels, options.labelKeys),
      })
      return (Volumes ?? []).map(toVolumeInfo).filter((volume) => isListed(volume, options))
    })
  }

  async #toInUse(call: EngineCall, cause: unknown): Promise<unknown> {
    const containers = await (await this.#engine.api(call)).listContainers({
      all: true,
      filters: { volume: [call.subject] },
    })
    const users = containers.map(({ Id, Names }) => toContainerName(Names?.[0]) || Id)
    return createHostError('IN_USE', { subject: `volume "${call.subject}"`, users }, { cause })
  }
}

function toVolumeInfo({ Name, Labels, CreatedAt, Mountpoint }: InspectedVolume): VolumeInfo {
  const createdAt = CreatedAt === undefined ? undefined : new Date(CreatedAt)
  return { name: Name, labels: Labels ?? {}, createdAt, mountpoint: Mountpoint || undefined }
}
