import { isHostError, type OperationOptions } from '@capstan/core'
import { untilAborted } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { listSwarmNodes } from './nodes.js'
import type { SwarmTask } from './swarm-answers.js'
import { listSwarmTasks } from './tasks.js'

/**
 * Watches the tasks of all jobs of one runtime. A swarm reports no events of tasks, so one request lists the tasks of all jobs,
 * repeatedly while at least one job is watched.
 */
export class TaskWatch {
  readonly #engine: DockerEngine
  readonly #label: string
  readonly #watched = new Set<Watched>()
  #wake = () => {}
  #isRunning = false
  #intervalMs = shortestIntervalMs

  /** `label`: a label with its value, `key=value`, which all watched services have and no others. */
  constructor(engine: DockerEngine, label: string) {
    this.#engine = engine
    this.#label = label
  }

  /** Resolves with the first result of `find` that is not `undefined`, and rejects with its first error. */
  async until<T>(serviceId: string, find: FindInTasks<T>, { signal }: OperationOptions): Promise<T> {
    signal?.throwIfAborted()
    let remove = () => {}
    const found = new Promise<T>((resolve, reject) => {
      const watched: Watched = {
        look: (tasks, downNodes) => {
          const own = tasks.filter(({ ServiceID }) => ServiceID === serviceId)
          try {
            const result = find(own, downNodes)
            if (result !== undefined) resolve(result)
          } catch (error) {
            reject(error)
          }
        },
        fail: reject,
      }
      this.#watched.add(watched)
      remove = () => this.#watched.delete(watched)
    })
    this.#intervalMs = shortestIntervalMs
    this.#wake()
    if (!this.#isRunning) void this.#run()
    return await untilAborted(found, signal).finally(() => {
      remove()
      this.#wake()
    })
  }

  /** Lists the tasks until no job is watched. */
  async #run(): Promise<void> {
    this.#isRunning = true
    let seen = ''
    let downNodes: ReadonlySet<string> = new Set()
    let nodesReadAt = performance.now()
    let failedSince: number | undefined
    while (this.#watched.size > 0) {
      try {
        const tasks = await listSwarmTasks(this.#engine, { label: this.#label }, names)
        if (performance.now() - nodesReadAt > nodesIntervalMs) {
          downNodes = await this.#listDownNodes()
          nodesReadAt = performance.now()
        }
        failedSince = undefined
        const states = tasks.map(({ ID, Status, DesiredState }) => [ID, Status?.State, DesiredState].join(' ')).join()
        this.#intervalMs = states === seen ? Math.min(this.#intervalMs * growth, longestIntervalMs) : shortestIntervalMs
        seen = states
        for (const { look } of this.#watched) look(tasks, downNodes)
      } catch (error) {
        failedSince ??= performance.now()
        const isFinal = isHostError(error, 'RUNTIME_UNAVAILABLE') || performance.now() - failedSince > answerMs
        if (isFinal) for (const { fail } of this.#watched) fail(error)
      }
      if (this.#watched.size > 0) await this.#pause()
    }
    this.#isRunning = false
  }

  async #listDownNodes(): Promise<ReadonlySet<string>> {
    const nodes = await listSwarmNodes(this.#engine, names)
    return new Set(nodes.filter(({ Status }) => Status?.State === 'down').map(({ ID }) => ID))
  }

  /** Waits for the interval, or until a job is added or removed. */
  async #pause(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#intervalMs)
      this.#wake = () => {
        if (this.#watched.size === 0) resolve()
      }
    })
    clearTimeout(timer)
  }
}

/** Examines the tasks of a service. `downNodes`: the ids of the nodes that the swarm has lost. Returns `undefined` to go on. */
export type FindInTasks<T> = (tasks: readonly SwarmTask[], downNodes: ReadonlySet<string>) => T | undefined

interface Watched {
  readonly look: (tasks: readonly SwarmTask[], downNodes: ReadonlySet<string>) => void
  readonly fail: (error: unknown) => void
}

const names = { operation: 'runJob', subject: 'the tasks of jobs' } as const
const shortestIntervalMs = 100
const longestIntervalMs = 1_000
const growth = 1.2
const nodesIntervalMs = 3_000
/** How long a swarm may answer with errors, for example while it elects another leader. */
const answerMs = 20_000
