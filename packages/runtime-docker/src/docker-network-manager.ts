import type { NetworkInfo, NetworkManager, OperationOptions } from '@capstan/core'
import {
  type CreateNetworkOptions,
  type ListOptions,
  validateId,
  validateLabels,
  validateListOptions,
  validateName,
} from '@capstan/core/plugin'
import type { InspectedNetwork } from './engine/docker-api.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { toLabelFilter } from './engine/label-filter.js'
import { createNetwork } from './networks/create-network.js'
import { removeNetwork } from './networks/remove-network.js'

/** The networks of a Docker Engine. New ones have the driver `bridge`. */
export class DockerNetworkManager implements NetworkManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async createNetwork(name: string, options: CreateNetworkOptions = {}): Promise<string> {
    validateName(name)
    validateLabels(options.labels ?? {})
    return await this.#engine.run('createNetwork', name, options, (call) =>
      createNetwork(this.#engine, name, options, call),
    )
  }

  async removeNetwork(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#engine.run('removeNetwork', id, options, (call) => removeNetwork(this.#engine, id, call))
  }

  async listNetworks(options: ListOptions = {}): Promise<readonly NetworkInfo[]> {
    validateListOptions(options)
    return await this.#engine.run('listNetworks', 'networks', options, async (call) => {
      const api = await this.#engine.api(call)
      return (await api.listNetworks({ filters: toLabelFilter(options) })).map(toNetworkInfo)
    })
  }
}

function toNetworkInfo({ Id, Name, Internal, Labels }: InspectedNetwork): NetworkInfo {
  return { id: Id, name: Name ?? Id, internal: Internal ?? false, labels: Labels ?? {} }
}
