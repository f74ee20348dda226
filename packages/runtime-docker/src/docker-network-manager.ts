import type { CreateNetworkOptions, ListOptions, NetworkInfo, NetworkManager, OperationOptions } from '@capstan/core'
import type { InspectedNetwork } from './docker-api.js'
import type { DockerEngine } from './docker-engine.js'
import { toLabelFilter } from './label-filter.js'
import { createNetwork } from './network/create-network.js'
import { removeNetwork } from './network/remove-network.js'

/** Bridge networks of a Docker Engine. */
export class DockerNetworkManager implements NetworkManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  createNetwork(name: string, options?: CreateNetworkOptions): Promise<string> {
    return this.#engine.keepOpen(() => createNetwork(this.#engine, name, options))
  }

  removeNetwork(id: string, options?: OperationOptions): Promise<void> {
    return removeNetwork(this.#engine, id, options)
  }

  async listNetworks({ labels, signal }: ListOptions = {}): Promise<readonly NetworkInfo[]> {
    const api = await this.#engine.api({ operation: 'listNetworks', subject: 'networks', signal })
    return (await api.listNetworks({ filters: toLabelFilter(labels) })).map(toNetworkInfo)
  }
}

function toNetworkInfo({ Id, Name, Internal, Labels }: InspectedNetwork): NetworkInfo {
  return { id: Id, name: Name ?? Id, internal: Internal ?? false, labels: Labels ?? {} }
}
