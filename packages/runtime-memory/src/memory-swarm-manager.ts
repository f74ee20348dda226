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
  ServicePort,
  StoredObjectInfo,
  SwarmManager,
  TaskInfo,
} from '@capstan/core'
import {
  checkConfigOptions,
  createHostError,
  createStream,
  isListed,
  type ListOptions,
  type Operation,
  toObjectLabels,
  validateChangedEndpoint,
  validateId,
  validateJobConfig,
  validateListOptions,
  validateLogOptions,
  validateServiceChange,
  validateServiceConfig,
  validateStoredObject,
} from '@capstan/core/plugin'
import type { Cluster } from './cluster/cluster.js'
import type { ClusterService, ServiceSettings } from './cluster/cluster-service.js'
import { waitUntilConverged } from './cluster/converge.js'
import { openIngress } from './cluster/ingress.js'
import { readServiceLogs } from './cluster/read-service-logs.js'
import type { StoredObjects } from './cluster/stored-objects.js'
import { toTaskTemplate } from './cluster/task-template.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Manages the services of a simulated cluster. Its tasks are containers of the engines of its nodes. */
export class MemorySwarmManager implements SwarmManager {
  readonly #context: MemoryRuntimeContext
  readonly #cluster: Cluster

  constructor(context: MemoryRuntimeContext, cluster: Cluster) {
    this.#context = context
    this.#cluster = cluster
  }

  async createService(config: ServiceConfig, options: ConvergeOptions = {}): Promise<string> {
    validateServiceConfig(config, options)
    this.#checkOptions(config)
    return await this.#context.call('createService', options, async (call) => {
      this.#context.checkNameIsFree(config.name, this.#findNamed(config.name))
      const labels = toObjectLabels({ kind: 'service' }, this.#context.ownerLabels, config.labels)
      const service = this.#cluster.createService({ ...this.#toSettings(config, labels), isJob: false })
      call.undo.add(`service ${config.name}`, () => this.#cluster.removeService(service))
      service.ingress = await openIngress(this.#cluster.nodes, service, config.ports ?? [])
      const { template } = service.settings
      await waitUntilConverged(this.#cluster, {
        ...options,
        ...{ call, service, template, isChange: false, isRolling: false },
      })
      return service.id
    })
  }

  async updateService(id: string, change: ServiceChange, options: ConvergeOptions = {}): Promise<void> {
    validateId(id)
    validateServiceChange(change, options)
    await this.#context.call('updateService', options, async (call) => {
      const service = this.#cluster.requireService(id)
      const previous = service.settings
      const settings = this.#toChanged(previous, change)
      if (settings === previous) return
      const { template } = settings
      const isRolling = template !== previous.template
      // A service whose update is paused keeps the new settings.
      const isKept = () => isRolling && service.settings === settings && service.update?.state === 'paused'
      if (change.ports !== undefined) {
        await this.#replaceIngress(service, settings.config.ports ?? [], { undo: call.undo, isKept })
      }
      call.undo.add(`settings of ${service.name}`, async () => {
        if (service.settings === settings && !isKept()) service.change(previous)
      })
      service.change(settings)
      await waitUntilConverged(this.#cluster, { ...options, call, service, template, isChange: true, isRolling })
    })
  }

  async removeService(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#context.call('removeService', options, async () => {
      const service = this.#cluster.findService(id)
      if (service !== undefined) await this.#cluster.removeService(service)
    })
  }

  async listServices(options: ListOptions = {}): Promise<readonly ServiceInfo[]> {
    validateListOptions(options)
    return await this.#context.call('listServices', options, () =>
      this.#cluster
        .listServices()
        .map(toServiceInfo)
        .filter((service) => isListed(service, options)),
    )
  }

  async inspectService(id: string, options: OperationOptions = {}): Promise<ServiceInspection> {
    validateId(id)
    return await this.#context.call('inspectService', options, () => toInspection(this.#cluster.requireService(id)))
  }

  async listTasks(serviceId: string, options: OperationOptions = {}): Promise<readonly TaskInfo[]> {
    validateId(serviceId, 'serviceId')
    return await this.#context.call('listTasks', options, () =>
      this.#cluster.requireService(serviceId).tasks.map((task) => task.toInfo()),
    )
  }

  async serviceLogs(id: string, options: LogOptions = {}): Promise<ServiceLogStream> {
    validateId(id)
    validateLogOptions(options)
    const context = this.#context
    const { operations } = context
    const cluster = this.#cluster
    const names = { operation: 'serviceLogs', subject: id }
    return createStream({ operations, ...names, options }, async function* ({ signal }) {
      const service = await context.call('serviceLogs', options, () => cluster.requireService(id))
      yield* readServiceLogs(cluster, service, { ...options, signal })
    })
  }

  async listNodes(options: OperationOptions = {}): Promise<readonly NodeInfo[]> {
    return await this.#context.call('listNodes', options, () => this.#cluster.nodes.map((node) => node.toInfo()))
  }

  async createSecret(name: string, value: Uint8Array, options: CreateSecretOptions = {}): Promise<string> {
    return await this.#createObject('secret', name, { value, options })
  }

  async removeSecret(id: string, options: OperationOptions = {}): Promise<void> {
    await this.#removeObject('secret', id, options)
  }

  async listSecrets(options: ListOptions = {}): Promise<readonly StoredObjectInfo[]> {
    return await this.#listObjects('secret', options)
  }

  async createConfig(name: string, value: Uint8Array, options: CreateConfigOptions = {}): Promise<string> {
    return await this.#createObject('config', name, { value, options })
  }

  async removeConfig(id: string, options: OperationOptions = {}): Promise<void> {
    await this.#removeObject('config', id, options)
  }

  async listConfigs(options: ListOptions = {}): Promise<readonly StoredObjectInfo[]> {
    return await this.#listObjects('config', options)
  }

  async #replaceIngress(
    service: ClusterService,
    ports: readonly ServicePort[],
    { undo, isKept }: Pick<Operation, 'undo'> & { readonly isKept: () => boolean },
  ): Promise<void> {
    const { ingress: previous } = service
    await previous?.close()
    const open = async (wanted: readonly ServicePort[]) => {
      service.ingress = await openIngress(this.#cluster.nodes, service, wanted)
    }
    undo.add(`ports of ${service.name}`, async () => {
      if (isKept()) return
      await service.ingress?.close()
      await open(previous?.ports ?? [])
    })
    await open(ports)
  }

  async #createObject(
    kind: ObjectKind,
    name: string,
    { value, options }: { readonly value: Uint8Array; readonly options: CreateSecretOptions },
  ): Promise<string> {
    validateStoredObject(kind, { name, value, options })
    const objects = this.#objects(kind)
    return await this.#context.call(methods[kind].create, options, ({ undo }) => {
      const holder = objects.find(name)
      this.#context.checkNameIsFree(name, holder)
      const labels = toObjectLabels({ kind }, this.#context.ownerLabels, options.labels)
      const { id } = objects.add(name, value, { labels, createdAt: this.#cluster.now() })
      undo.add(`${kind} ${name}`, async () => objects.delete(id))
      return id
    })
  }

  async #removeObject(kind: ObjectKind, id: string, options: OperationOptions): Promise<void> {
    validateId(id)
    const objects = this.#objects(kind)
    await this.#context.call(methods[kind].remove, options, () => {
      const object = objects.find(id)
      if (object === undefined) return
      const users = this.#cluster.listServices().filter(({ settings: { template } }) => {
        const files = kind === 'secret' ? template.secrets : template.configs
        return files.some(({ source }) => source.id === object.id)
      })
      const names = users.map((service) => service.name)
      if (names.length > 0) throw createHostError('IN_USE', { subject: `${kind} "${object.name}"`, users: names })
      objects.delete(object.id)
    })
  }

  async #listObjects(kind: ObjectKind, options: ListOptions): Promise<readonly StoredObjectInfo[]> {
    validateListOptions(options)
    return await this.#context.call(methods[kind].list, options, () =>
      this.#objects(kind)
        .list()
        .filter((object) => isListed(object, options))
        .map(({ id, name, labels, createdAt }) => ({ id, name, labels, createdAt })),
    )
  }

  #objects(kind: ObjectKind): StoredObjects {
    return kind === 'secret' ? this.#cluster.secrets : this.#cluster.configs
  }

  /** Rejects the options of a container that the plugin does not support. */
  #checkOptions(config: Omit<ServiceConfig, 'name'>): void {
    const {
      replicas: _1,
      ports = [],
      endpointMode: _2,
      update: _3,
      stopGraceMs: _4,
      ...job
    } = { name: undefined, ...config }
    const { name: _5, ...settings } = job
    const published = ports.map(({ containerPort, hostPort, protocol }) => {
      return { containerPort, ...(hostPort && { hostPort }), ...(protocol && { protocol }) }
    })
    const container = { ...validateJobConfig(settings), ports: published }
    checkConfigOptions(this.#context.runtimeName, container, this.#context.unsupportedOptions)
  }

  #findNamed(name: string) {
    const service = this.#cluster.listServices().find((each) => each.name === name)
    return service && { id: service.id, name, labels: service.settings.labels }
  }

  #toSettings(
    config: ServiceConfig,
    labels: ServiceSettings['labels'],
  ): Pick<ServiceSettings, 'config' | 'template' | 'labels'> {
    const { networks } = this.#context.engine
    return { config, labels, template: toTaskTemplate(config, { cluster: this.#cluster, networks, labels }) }
  }

  /** Returns the changed settings, with the same template unless a setting of the tasks changes; the same object if nothing changes. */
  #toChanged(previous: ServiceSettings, change: ServiceChange): ServiceSettings {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    const config: ServiceConfig = { ...previous.config, ...given }
    if ((config.replicas === 'one-per-node') !== (previous.config.replicas === 'one-per-node')) {
      const expected = previous.config.replicas === 'one-per-node' ? '"one-per-node"' : 'a number'
      const facts = {
        field: 'replicas',
        expected: `${expected}, as the service was created`,
        given: String(config.replicas),
      }
      throw createHostError('INVALID_ARGUMENT', facts)
    }
    const { ports = [], endpointMode = 'vip' } = previous.config
    validateChangedEndpoint(change, { ports, endpointMode })
    validateServiceConfig(config)
    this.#checkOptions(config)
    if (toText(config, []) === toText(previous.config, [])) return previous
    // The owner and the lifetime stay those of the creation.
    const kept = Object.entries(previous.labels).filter(([key]) => key.startsWith('capstan.'))
    const labels = { ...Object.fromEntries(kept), ...config.labels }
    const isSame = toText(config, serviceFields) === toText(previous.config, serviceFields)
    const { template } = this.#toSettings(config, labels)
    return { ...previous, config, labels, template: isSame ? previous.template : template }
  }
}

type ObjectKind = 'secret' | 'config'

const methods = {
  secret: { create: 'createSecret', remove: 'removeSecret', list: 'listSecrets' },
  config: { create: 'createConfig', remove: 'removeConfig', list: 'listConfigs' },
} as const

/** The settings that change no task. */
const serviceFields: readonly string[] = ['replicas', 'update']

/** Returns the settings as a text to compare, without some fields. */
function toText(config: ServiceConfig, without: readonly string[]): string {
  const entries = Object.entries(config).filter(([field, value]) => value !== undefined && !without.includes(field))
  return JSON.stringify(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
}

function toServiceInfo(service: ClusterService): ServiceInfo {
  const { id, name, settings, ingress } = service
  const { config, labels, isJob } = settings
  const nodePorts = (config.ports ?? []).filter(({ mode }) => mode !== 'ingress')
  return {
    id,
    name,
    image: config.image,
    replicas: config.replicas,
    isJob,
    running: service.countRunning(),
    desired: service.listSlots().length,
    ports: [...nodePorts, ...(ingress?.ports ?? [])],
    labels,
  }
}

function toInspection(service: ClusterService): ServiceInspection {
  const { settings, createdAt, updatedAt, update } = service
  const { config, template } = settings
  return {
    ...toServiceInfo(service),
    createdAt,
    updatedAt,
    update,
    endpointMode: config.endpointMode ?? 'vip',
    command: config.command,
    networks: template.networkIds,
    constraints: config.constraints ?? [],
    secrets: template.secrets.map(({ source, target }) => ({ secretId: source.id, secretName: source.name, target })),
    configs: template.configs.map(({ source, target }) => ({ configId: source.id, configName: source.name, target })),
  }
}
