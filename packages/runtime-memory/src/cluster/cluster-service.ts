import type { ServiceConfig, ServiceUpdate } from '@capstan/core'
import { delay, type StringMap } from '@capstan/core/plugin'
import { type ClusterNode, createClusterId } from './cluster-node.js'
import { ClusterTask, type TaskTemplate } from './cluster-task.js'
import type { Ingress } from './ingress.js'
import { meetsConstraints, placeTask } from './placement.js'

/** The settings of a service at one time. */
export interface ServiceSettings {
  readonly config: ServiceConfig
  /** Replaced as a whole when the tasks are to be replaced. */
  readonly template: TaskTemplate
  readonly labels: StringMap
  /** Whether its task runs once, to its end. */
  readonly isJob: boolean
}

/** The parts of the cluster that a service uses. */
export interface ServiceCluster {
  readonly nodes: readonly ClusterNode[]
  /** The default of `update.monitorMs`. */
  readonly monitorMs: number
  /** Lists the tasks of all services. */
  listTasks(): readonly ClusterTask[]
  now(): Date
  /** Notifies all waits and services of a change. */
  notifyChange(): void
  /** Resolves at the next change, or rejects with the reason of the signal. */
  waitForChange(signal: AbortSignal): Promise<void>
}

/**
 * One service of a simulated cluster. Creates a task for each slot that has none, and replaces the tasks of an old template as the
 * update policy says.
 */
export class ClusterService {
  readonly id: string = createClusterId()
  readonly createdAt: Date
  updatedAt: Date
  /** The last update of the tasks; `undefined` if there was none. */
  update: ServiceUpdate | undefined
  /** The open ports of mode `ingress`. */
  ingress: Ingress | undefined
  readonly #cluster: ServiceCluster
  #settings: ServiceSettings
  #tasks: readonly ClusterTask[] = []
  #isRemoved = false
  #rolling: AbortController | undefined
  /** The slots whose task an update replaces. */
  readonly #held = new Set<ClusterTask['slot']>()
  /** The slots with a timer after which they get another task. */
  readonly #delayed = new Set<ClusterTask['slot']>()

  constructor(cluster: ServiceCluster, settings: ServiceSettings) {
    this.#cluster = cluster
    this.#settings = settings
    this.createdAt = cluster.now()
    this.updatedAt = this.createdAt
  }

  get name(): string {
    return this.#settings.config.name
  }

  get settings(): ServiceSettings {
    return this.#settings
  }

  get template(): TaskTemplate {
    return this.#settings.template
  }

  /** Its tasks, the newest first, with those ended ones that are kept. */
  get tasks(): readonly ClusterTask[] {
    return this.#tasks
  }

  get monitorMs(): number {
    return this.#settings.config.update?.monitorMs ?? this.#cluster.monitorMs
  }

  /** Returns the slots that are to have a task. */
  listSlots(): readonly ClusterTask['slot'][] {
    const { replicas, constraints = [] } = this.#settings.config
    if (this.#isRemoved) return []
    if (replicas !== 'one-per-node') return Array.from({ length: replicas }, (_, index) => index + 1)
    const suitable = this.#cluster.nodes.filter((node) => node.acceptsTasks && meetsConstraints(node, constraints))
    return suitable.map(({ id }) => id)
  }

  /** Returns the task of each slot that is to run, with the current settings. */
  listCurrentTasks(): readonly ClusterTask[] {
    const slots = new Set(this.listSlots())
    const { template } = this.#settings
    return this.#tasks.filter(
      (task) => task.isDesired && task.isLive && slots.has(task.slot) && task.template === template,
    )
  }

  /** Counts the running tasks that are to run. */
  countRunning(): number {
    return this.#tasks.filter(({ isDesired, state }) => isDesired && state === 'running').length
  }

  /** Replaces the settings. Begins to replace the tasks when the template is another one. */
  change(settings: ServiceSettings): void {
    const previous = this.#settings
    this.#settings = settings
    this.updatedAt = this.#cluster.now()
    if (previous.template !== settings.template) this.#startRolling({ previous, state: 'updating' })
    this.#cluster.notifyChange()
  }

  /** Removes all tasks. Resolves when they are gone. */
  async remove(): Promise<void> {
    this.#isRemoved = true
    this.#rolling?.abort()
    this.#cluster.notifyChange()
    await this.ingress?.close()
    await Promise.all(this.#tasks.map((task) => task.shutDown()))
    await Promise.all(this.#tasks.map((task) => task.forget()))
    this.#tasks = []
    this.#cluster.notifyChange()
  }

  /** Creates, places and ends tasks. Called after each change of the cluster. */
  reconcile(): void {
    if (this.#isRemoved) return
    const slots = this.listSlots()
    for (const task of this.#tasks) {
      if (!task.isDesired) continue
      const isSurplus = !slots.includes(task.slot)
      if (task.isLive && (isSurplus || task.node?.availability === 'drain')) void task.shutDown()
    }
    for (const slot of slots) if (!this.#held.has(slot)) this.#fill(slot)
    this.#forgetOldTasks(slots)
    for (const task of this.#tasks.toReversed()) if (task.isDesired && task.state === 'pending') this.#place(task)
  }

  /** Creates a task unless the slot has one. A task that ended by itself is replaced after a delay. */
  #fill(slot: ClusterTask['slot']): void {
    const earlier = this.#tasks.filter((task) => task.slot === slot)
    const [last] = earlier
    if (last !== undefined && this.#settings.isJob) return
    if (last?.isDesired === true) {
      if (last.isLive) return
      const failures = earlier.filter(({ isDesired, template }) => isDesired && template === last.template).length
      const dueAt = last.changedAt.getTime() + restartDelayMs * 2 ** failures
      const waitMs = dueAt - this.#cluster.now().getTime()
      if (waitMs > 0) {
        this.#reconcileAfter(slot, waitMs)
        return
      }
    }
    const { template } = this.#settings
    const { id: serviceId } = this
    const { now, notifyChange } = this.#cluster
    const task = new ClusterTask({
      serviceId,
      slot,
      template,
      now,
      onChange: notifyChange,
      monitorMs: () => this.monitorMs,
    })
    this.#tasks = [task, ...this.#tasks]
    this.#cluster.notifyChange()
  }

  #reconcileAfter(slot: ClusterTask['slot'], waitMs: number): void {
    if (this.#delayed.has(slot)) return
    this.#delayed.add(slot)
    void delay(waitMs + 1, { ref: false }).then(() => {
      this.#delayed.delete(slot)
      this.#cluster.notifyChange()
    })
  }

  #place(task: ClusterTask): void {
    const { constraints = [], ports = [] } = task.template.config
    const { nodes } = this.#cluster
    const candidates = typeof task.slot === 'string' ? nodes.filter(({ id }) => id === task.slot) : nodes
    const request = { constraints, ports, serviceId: this.id }
    const placement = placeTask(candidates, this.#cluster.listTasks(), request)
    if (placement.node === undefined) task.setPending(placement.reason)
    else task.start(placement.node, this.name)
  }

  /** Keeps the last ended tasks of each slot, as a swarm does, and none of slots that are gone. */
  #forgetOldTasks(slots: readonly ClusterTask['slot'][]): void {
    const counts = new Map<ClusterTask['slot'], number>()
    const isKept = (task: ClusterTask) => {
      if (task.isLive) return true
      const count = (counts.get(task.slot) ?? 0) + 1
      counts.set(task.slot, count)
      return slots.includes(task.slot) && count <= mostEnded
    }
    const kept = this.#tasks.filter(isKept)
    for (const task of this.#tasks) if (!kept.includes(task)) void task.forget()
    this.#tasks = kept
  }

  #startRolling(roll: Roll): void {
    this.#rolling?.abort()
    this.#held.clear()
    const rolling = new AbortController()
    this.#rolling = rolling
    const { state } = roll
    this.update = { state, message: state === 'updating' ? 'update in progress' : 'rolling back update' }
    // The abort of a superseded update is not an error.
    void this.#roll(roll, rolling.signal).catch(() => {})
  }

  async #roll({ previous, state }: Roll, signal: AbortSignal): Promise<void> {
    const { parallelism = 1, delayMs = 0, failureAction = 'rollback' } = this.#settings.config.update ?? {}
    const isOld = (slot: ClusterTask['slot']) => this.#findTask(slot)?.template !== this.#settings.template
    const isRollback = state === 'rollingBack'
    for (let count = 0; ; count += 1) {
      const slots = this.listSlots().filter(isOld)
      if (slots.length === 0) break
      if (count > 0 && delayMs > 0) await delay(delayMs, { signal, ref: false })
      const batch = parallelism === 0 ? slots : slots.slice(0, parallelism)
      const failures = (await Promise.all(batch.map((slot) => this.#replace(slot, signal)))).filter(isText)
      const [failure] = failures
      if (failure === undefined || (failureAction === 'continue' && !isRollback)) continue
      const message = `update paused due to failure or early termination of a task: ${failure}`
      if (isRollback) return this.#finish({ state: 'rollbackPaused', message })
      if (failureAction === 'pause') return this.#finish({ state: 'paused', message })
      this.#settings = previous
      return this.#startRolling({ previous, state: 'rollingBack' })
    }
    this.#finish(
      isRollback
        ? { state: 'rolledBack', message: 'rollback completed' }
        : { state: 'completed', message: 'update completed' },
    )
  }

  #finish(update: ServiceUpdate): void {
    this.update = update
    this.#cluster.notifyChange()
  }

  /** Replaces the task of a slot. Resolves with the reason when the new one fails before it has run for the monitored time. */
  async #replace(slot: ClusterTask['slot'], signal: AbortSignal): Promise<string | undefined> {
    this.#held.add(slot)
    try {
      await this.#findTask(slot)?.shutDown()
      signal.throwIfAborted()
    } finally {
      if (!signal.aborted) this.#held.delete(slot)
    }
    const known = new Set(this.#tasks)
    this.#cluster.notifyChange()
    while (this.listSlots().includes(slot)) {
      // A task that the cluster moves to another node is neither a success nor a failure.
      const created = this.#tasks.findLast((task) => task.slot === slot && task.isDesired && !known.has(task))
      if (created?.isLive === false) return created.reason ?? created.state
      if (created?.isStable) return undefined
      await this.#cluster.waitForChange(signal)
    }
    return undefined
  }

  /** Finds the newest task of a slot that is to run. */
  #findTask(slot: ClusterTask['slot']): ClusterTask | undefined {
    return this.#tasks.find((task) => task.slot === slot && task.isDesired)
  }
}

interface Roll {
  /** The settings that a rollback restores. */
  readonly previous: ServiceSettings
  readonly state: 'updating' | 'rollingBack'
}

function isText(value: string | undefined): value is string {
  return value !== undefined
}

/** A task that has ended by itself is replaced after this time, doubled for each such task of its slot. A swarm waits 5 seconds. */
const restartDelayMs = 20
/** The number of ended tasks that are kept in each slot. */
const mostEnded = 5
