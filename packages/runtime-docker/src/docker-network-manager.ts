import {
  type ConnectContainerOptions,
  type CreateNetworkOptions,
  type NetworkInfo,
  type NetworkInspection,
  type NetworkManager,
  networkManagerCapability,
  type OperationOptions,
} from '@capstan/core'
import {
  checkOption,
  type DisconnectContainerOptions,
  type ListOptions,
  validateConnection,
  validateDisconnection,
  validateId,
  validateListOptions,
  validateNetwork,
} from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { toLabelFilter } from './engine/label-filter.js'
import { connectContainer } from './networks/connect-container.js'
import { createNetwork } from './networks/create-network.js'
import { disconnectContainer } from './networks/disconnect-container.js'
import { inspectNetworkForContract, toNetworkInfo } from './networks/inspect-network.js'
import { removeNetwork } from './networks/remove-network.js'

/** The networks of a Docker Engine. New ones have the driver `bridge`, those of a cluster `overlay`. */
export class DockerNetworkManager implements NetworkManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async createNetwork(name: string, options: CreateNetworkOptions = {}): Promise<string> {
    validateNetwork(name, options)
    const { runtimeName: runtime, details } = this.#engine
    checkOption(networkManagerCapability, 'networks.cluster', options.scope === 'cluster' && options.scope, {
      runtime,
      unsupportedOptions: details.unsupportedOptions,
    })
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
      return (await api.listNetworks({ filters: toLabelFilter(options.labels, options.labelKeys) })).map(toNetworkInfo)
    })
  }

  async inspectNetwork(id: string, options: OperationOptions = {}): Promise<NetworkInspection> {
    validateId(id)
    return await this.#engine.run('inspectNetwork', id, options, (call) =>
      inspectNetworkForContract(this.#engine, call),
    )
  }

  async connectContainer(networkId: string, containerId: string, options: ConnectContainerOptions = {}): Promise<void> {
    validateConnection(networkId, containerId, options)
    await this.#engine.run('connectContainer', containerId, options, (call) =>
      connectContainer(this.#engine, networkId, options, call),
    )
  }

  async disconnectContainer(
    networkId: string,
    containerId: string,
    options: DisconnectContainerOptions = {},
  ): Promise<void> {
    validateDisconnection(networkId, containerId, options)
    const { force = false } = options
    await this.#engine.run('disconnectContainer', containerId, options, (call) =>
      disconnectContainer(this.#engine, { networkId, force }, call),
    )
  }
}
