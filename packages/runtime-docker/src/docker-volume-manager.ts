import {
  type CreateVolumeOptions,
  createHostError,
  hasLabels,
  isHostError,
  type ListOptions,
  type OperationOptions,
  type VolumeInfo,
  type VolumeManager,
  validateName,
} from '@capstan/core'
import { toContainerName } from './container/container-shapes.js'
import type { InspectedVolume } from './docker-api.js'
import type { DockerEngine, EngineCall } from './docker-engine.js'
import { toLabelFilter } from './label-filter.js'
import { createVolume } from './volume/create-volume.js'

/** Named volumes of a Docker Engine, of its `local` kind. */
export class DockerVolumeManager implements VolumeManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  createVolume(name: string, options?: CreateVolumeOptions): Promise<string> {
    return this.#engine.keepOpen(() => createVolume(this.#engine, name, options))
  }

  async removeVolume(name: string, { signal }: OperationOptions = {}): Promise<void> {
    validateName(name)
    const call: EngineCall = { operation: 'removeVolume', subject: name, signal }
    try {
      await (await this.#engine.api(call)).getVolume(name).remove()
    } catch (error) {
      if (isHostError(error, 'VOLUME_NOT_FOUND')) return
      throw isHostError(error, 'IN_USE') ? await this.#toInUse(call, error) : error
    }
  }

  async listVolumes({ labels, signal }: ListOptions = {}): Promise<readonly VolumeInfo[]> {
    const api = await this.#engine.api({ operation: 'listVolumes', subject: 'volumes', signal })
    const { Volumes } = await api.listVolumes({ filters: toLabelFilter(labels) })
    return (Volumes ?? []).filter(({ Labels }) => hasLabels(Labels, labels)).map(toVolumeInfo)
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

function toVolumeInfo({ Name, Labels, CreatedAt }: InspectedVolume): VolumeInfo {
  return { name: Name, labels: Labels ?? {}, createdAt: CreatedAt === undefined ? undefined : new Date(CreatedAt) }
}
