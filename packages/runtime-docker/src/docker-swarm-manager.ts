import type {
  ConvergeOptions,
  CreateConfigOptions,
  CreateSecretOptions,
  LogOptions,
  NodeInfo,
  OperationOptions,
  ServiceChange,
  ServiceConfig,
  ServiceInfo,
  ServiceInspection,
  ServiceLogStream,
  StoredObjectInfo,
  SwarmManager,
  TaskInfo,
} from '@capstan/core'
import {
  createStream,
  isListed,
  type ListOptions,
  type NewStoredObject,
  validateId,
  validateListOptions,
  validateLogOptions,
  validateServiceChange,
  validateServiceConfig,
  validateStoredObject,
} from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { toLabelFilter } from './engine/label-filter.js'
import { createService } from './swarm/create-service.js'
import { listSwarmNodes, toNodeInfo } from './swarm/nodes.js'
import { removeService } from './swarm/remove-service.js'
import { readServiceLog } from './swarm/service-logs.js'
import { inspectService, listServices } from './swarm/services.js'
import { createStored, listStored, removeStored, type StoredKind } from './swarm/stored-objects.js'
import { checkTaskMounts } from './swarm/task-template.js'
import { listTasks } from './swarm/tasks.js'
import { updateService } from './swarm/update-service.js'

/** Manages the services of a swarm, of which the engine is a manager. */
export class DockerSwarmManager implements SwarmManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async createService(config: ServiceConfig, options: ConvergeOptions = {}): Promise<string> {
    validateServiceConfig(config, options)
    checkTaskMounts(this.#engine, config)
    return await this.#engine.run('createService', config.name, options, (call) =>
      createService(this.#engine, config, options, call),
    )
  }

  async updateService(id: string, change: ServiceChange, options: ConvergeOptions = {}): Promise<void> {
    validateId(id)
    validateServiceChange(change, options)
    checkTaskMounts(this.#engine, change)
    await this.#engine.run('updateService', id, options, (call) => updateService(this.#engine, change, options, call))
  }

  async removeService(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#engine.run('removeService', id, options, (call) => removeService(this.#engine, call))
  }

  async listServices(options: ListOptions = {}): Promise<readonly ServiceInfo[]> {
    validateListOptions(options)
    return await this.#engine.run('listServices', 'services', options, async (call) => {
      const filters = toLabelFilter(options.labels, options.labelKeys)
      const services = await listServices(this.#engine, filters, call)
      return services.filter((service) => isListed(service, options))
    })
  }

  async inspectService(id: string, options: OperationOptions = {}): Promise<ServiceInspection> {
    validateId(id)
    return await this.#engine.run('inspectService', id, options, (call) => inspectService(this.#engine, call))
  }

  async listTasks(serviceId: string, options: OperationOptions = {}): Promise<readonly TaskInfo[]> {
    validateId(serviceId, 'serviceId')
    return await this.#engine.run('listTasks', serviceId, options, (call) => listTasks(this.#engine, call))
  }

  async serviceLogs(id: string, options: LogOptions = {}): Promise<ServiceLogStream> {
    validateId(id)
    validateLogOptions(options)
    const { operations } = this.#engine
    const stream = { operations, operation: 'serviceLogs', subject: id, options }
    return createStream(stream, (call) => readServiceLog(this.#engine, options, call))
  }

  async listNodes(options: OperationOptions = {}): Promise<readonly NodeInfo[]> {
    return await this.#engine.run('listNodes', 'nodes', options, async (call) =>
      (await listSwarmNodes(this.#engine, call)).map(toNodeInfo),
    )
  }

  async createSecret(name: string, value: Uint8Array, options: CreateSecretOptions = {}): Promise<string> {
    return await this.#createStored('createSecret', 'secret', { name, value, options })
  }

  async removeSecret(id: string, options: OperationOptions = {}): Promise<void> {
    await this.#removeStored('removeSecret', 'secret', { id, options })
  }

  async listSecrets(options: ListOptions = {}): Promise<readonly StoredObjectInfo[]> {
    return await this.#listStored('listSecrets', 'secret', options)
  }

  async createConfig(name: string, value: Uint8Array, options: CreateConfigOptions = {}): Promise<string> {
    return await this.#createStored('createConfig', 'config', { name, value, options })
  }

  async removeConfig(id: string, options: OperationOptions = {}): Promise<void> {
    await this.#removeStored('removeConfig', 'config', { id, options })
  }

  async listConfigs(options: ListOptions = {}): Promise<readonly StoredObjectInfo[]> {
    return await this.#listStored('listConfigs', 'config', options)
  }

  async #createStored(operation: string, kind: StoredKind, { name, value, options }: NewStoredObject): Promise<string> {
    validateStoredObject(kind, { name, value, options })
    const { labels = {} } = options
    return await this.#engine.run(operation, name, options, (call) =>
      createStored(this.#engine, { kind, value, labels }, call),
    )
  }

  async #removeStored(operation: string, kind: StoredKind, { id, options }: StoredRemoval): Promise<void> {
    validateId(id)
    await this.#engine.run(operation, id, options, (call) => removeStored(this.#engine, kind, call))
  }

  async #listStored(operation: string, kind: StoredKind, options: ListOptions): Promise<readonly StoredObjectInfo[]> {
    validateListOptions(options)
    return await this.#engine.run(operation, `${kind}s`, options, async (call) => {
      const filters = toLabelFilter(options.labels, options.labelKeys)
      const found = await listStored(this.#engine, { kind, filters }, call)
      return found.filter((object) => isListed(object, options))
    })
  }
}

interface StoredRemoval {
  readonly id: string
  readonly options: OperationOptions
}
