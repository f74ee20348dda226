import { EventEmitter, once } from 'node:events'
import { checkInteger, createHostError, joinWords } from '@capstan/core/plugin'
import type { MemoryCluster, MemoryClusterOptions } from '../memory-cluster.js'
import type { MemoryEngine } from '../memory-engine.js'
import { ClusterNode } from './cluster-node.js'
import { ClusterService, type ServiceCluster, type ServiceSettings } from './cluster-service.js'
import type { ClusterTask } from './cluster-task.js'
import { StoredObjects } from './stored-objects.js'

/** The state of a simulated cluster. Like that of the engine, it belongs to the plugin. */
export class Cluster implements ServiceCluster, MemoryCluster {
  readonly nodes: readonly ClusterNode[]
  readonly monitorMs: number
  readonly secrets: StoredObjects = new StoredObjects()
  readonly configs: StoredObjects = new StoredObjects()
  readonly #engine: MemoryEngine
  readonly #services = new Map<string, ClusterService>()
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  #isChanged = false

  /** `engine`: that of the manager. */
  constructor({ nodes, monitorMs = 100 }: MemoryClusterOptions, engine: MemoryEngine, runtimeName: string) {
    checkInteger('cluster.nodes', Array.isArray(nodes) ? nodes.length : nodes, { min: 1, max: 254 })
    const settings = typeof nodes === 'number' ? Array.from({ length: nodes }, () => ({ labels: {} })) : nodes
    this.monitorMs = monitorMs
    this.#engine = engine
    this.nodes = settings.map(({ labels = {} }, index) => {
      const nodeEngine = index === 0 ? engine : engine.createNode()
      return new ClusterNode(index + 1, { engine: nodeEngine, labels, runtimeName })
    })
  }

  async drain(node: string): Promise<void> {
    const drained = this.#requireNode(node)
    const tasks = this.listTasks().filter((task) => task.node === drained && task.isLive)
    drained.availability = 'drain'
    this.notifyChange()
    await Promise.all(tasks.map((task) => task.shutDown()))
  }

  async activate(node: string): Promise<void> {
    const activated = this.#requireNode(node)
    activated.availability = 'active'
    activated.state = 'ready'
    this.notifyChange()
  }

  async kill(node: string): Promise<void> {
    const killed = this.#requireNode(node)
    if (killed.isManager) {
      const expected = 'a node other than the manager, by which the runtime reaches the cluster'
      throw createHostError('INVALID_ARGUMENT', { field: 'node', expected, given: node })
    }
    killed.state = 'down'
    const tasks = this.listTasks().filter((task) => task.node === killed)
    const losing = tasks.map((task) => task.lose())
    this.notifyChange()
    await Promise.all(losing)
  }

  now = (): Date => this.#engine.now()

  listServices(): readonly ClusterService[] {
    return [...this.#services.values()]
  }

  /** Finds a service by id or name. */
  findService(idOrName: string): ClusterService | undefined {
    return this.#services.get(idOrName) ?? this.listServices().find(({ name }) => name === idOrName)
  }

  /** @throws HostError SERVICE_NOT_FOUND */
  requireService(idOrName: string): ClusterService {
    const service = this.findService(idOrName)
    if (service === undefined) throw createHostError('SERVICE_NOT_FOUND', { id: idOrName })
    return service
  }

  createService(settings: ServiceSettings): ClusterService {
    const service = new ClusterService(this, settings)
    this.#services.set(service.id, service)
    this.notifyChange()
    return service
  }

  /** Removes a service and resolves when its tasks are gone. */
  async removeService(service: ClusterService): Promise<void> {
    await service.remove()
    this.#services.delete(service.id)
    this.notifyChange()
  }

  listTasks(): readonly ClusterTask[] {
    return this.listServices().flatMap(({ tasks }) => tasks)
  }

  /** Lets the services react in the next microtask, and then ends the waits. */
  notifyChange = (): void => {
    if (this.#isChanged) return
    this.#isChanged = true
    queueMicrotask(() => {
      this.#isChanged = false
      for (const service of this.listServices()) service.reconcile()
      this.#emitter.emit('change')
    })
  }

  async waitForChange(signal: AbortSignal): Promise<void> {
    try {
      await once(this.#emitter, 'change', { signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  }

  #requireNode(idOrName: string): ClusterNode {
    const node = this.nodes.find(({ id, hostname }) => id === idOrName || hostname === idOrName)
    if (node !== undefined) return node
    const expected = joinWords(
      this.nodes.map(({ hostname }) => hostname),
      'or',
    )
    throw createHostError('INVALID_ARGUMENT', { field: 'node', expected, given: idOrName })
  }
}
