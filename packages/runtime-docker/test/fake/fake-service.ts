import type { ServiceSpec, SwarmTask } from '../../src/swarm/swarm-answers.js'
import type { FakeDockerEngine, FakeRequest } from './fake-docker-engine.js'

/** What a swarm reports about a service at one time. */
interface ServiceState {
  /** The tasks with the current settings. */
  readonly tasks: readonly SwarmTask[]
  /** The other tasks. */
  readonly others?: readonly SwarmTask[]
  readonly update?: { readonly State: string; readonly Message?: string }
}

/**
 * The service `s1` of a swarm, added to a fake engine. After its creation and after each update it goes through `states`: the first
 * inspection and the first lists of tasks get the first one, and so on. The last one stays.
 */
export class FakeService {
  spec: ServiceSpec
  version = 7
  /** The state before an update. */
  before: ServiceState = { tasks: [createTask('t1', 'running')] }
  states: readonly ServiceState[] = []
  /** How many updates fail because another client has changed the service, which gets a label by that. */
  conflicts = 0
  isRemoved = false
  nodes = [{ ID: 'n1', Status: { State: 'ready' } }]
  #seen: { inspections: number; lists: number; currentLists: number } | undefined

  constructor(fake: FakeDockerEngine, { monitorMs = 1, replicas = 1 } = {}) {
    this.spec = {
      Name: 'web',
      Labels: {},
      TaskTemplate: { ContainerSpec: { Image: 'web:1' } },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Monitor: monitorMs * 1e6 },
    }
    fake.override('POST /services/create', (reply, { body }) => {
      this.#change(JSON.parse(body.toString()))
      reply.json(201, { ID: 's1' })
    })
    fake.override('POST /services/s1/update', (reply, { query, body }) => {
      if (this.conflicts > 0) {
        this.conflicts -= 1
        this.version += 1
        this.spec = { ...this.spec, Labels: { ...this.spec.Labels, other: String(this.version) } }
      }
      if (query.get('version') !== String(this.version)) return reply.refuse(500, 'rpc error: update out of sequence')
      this.#change(JSON.parse(body.toString()))
      return reply.json(200, {})
    })
    fake.override('GET /services/*', (reply) => {
      if (this.isRemoved) return reply.refuse(404, 'service s1 not found')
      const { update: UpdateStatus } = this.#take('inspections')
      const CreatedAt = '2026-01-01T00:00:00Z'
      return reply.json(200, {
        ...{ ID: 's1', Version: { Index: this.version }, CreatedAt, UpdatedAt: CreatedAt },
        ...{ Spec: this.spec, UpdateStatus },
      })
    })
    fake.override('DELETE /services/s1', (reply) => {
      this.isRemoved = true
      reply.raw(200, '')
    })
    fake.override('GET /tasks', (reply, request) => reply.json(200, this.isRemoved ? [] : this.#list(request)))
    fake.override('GET /nodes', (reply) => reply.json(200, this.nodes))
  }

  #change(spec: ServiceSpec): void {
    this.spec = spec
    this.version += 1
    this.#seen = { inspections: 0, lists: 0, currentLists: 0 }
  }

  #list({ query }: FakeRequest): readonly SwarmTask[] {
    if (query.get('filters')?.includes('_up-to-date')) return this.#take('currentLists').tasks
    const { tasks, others = [] } = this.#take('lists')
    return [...tasks, ...others]
  }

  #take(kind: 'inspections' | 'lists' | 'currentLists'): ServiceState {
    if (this.#seen === undefined) return this.before
    const index = Math.min(this.#seen[kind], this.states.length - 1)
    this.#seen[kind] += 1
    return this.states[index] ?? this.before
  }
}

/** Creates a task of the service `s1` on the node `n1`. */
export function createTask(ID: string, State: string, changes: TaskChanges = {}): SwarmTask {
  const { desired = ended.has(State) ? 'shutdown' : 'running', err, node = 'n1' } = changes
  return {
    ...{ ID, ServiceID: 's1', Slot: 1, NodeID: node, CreatedAt: '2026-01-01T00:00:00Z', DesiredState: desired },
    Spec: { ContainerSpec: { Image: 'web:1' } },
    Status: { Timestamp: '2026-01-01T00:00:01Z', State, ...(err !== undefined && { Err: err }) },
  }
}

interface TaskChanges {
  /** Default: `shutdown` for an ended task, else `running`. */
  readonly desired?: string
  readonly err?: string
  readonly node?: string
}

const ended: ReadonlySet<string> = new Set(['failed', 'rejected', 'shutdown', 'complete'])
