import type { FakeDockerEngine } from './fake-docker-engine.js'
import { frame } from './frames.js'

/** The status of a task in a {@link FakeSwarm}. */
export interface FakeStatus {
  readonly State: string
  readonly Err?: string
  readonly ContainerStatus?: { readonly ExitCode: number }
}

/**
 * The part of a swarm that jobs use, added to a fake engine. The task of each service goes through `statuses`, one with each list of
 * tasks, and keeps the last one. With the last one, its log is `log`, and before that `begun`.
 */
export class FakeSwarm {
  readonly services = new Map<string, FakeService>()
  statuses: readonly FakeStatus[] = [
    { State: 'pending' },
    { State: 'running' },
    { State: 'complete', ContainerStatus: { ExitCode: 0 } },
  ]
  /** The frames of the log: of the running task, which is followed, and of the ended one. */
  begun: readonly Buffer[] = []
  log: readonly Buffer[] = []
  /** Whether the cluster adds a second task to each service with the last status. */
  isReplaced = false
  readonly #secrets = new Set(['token'])

  constructor(fake: FakeDockerEngine) {
    fake.override('POST /services/create', (reply, { json }) => {
      reply.json(201, { ID: this.add(json) })
    })
    fake.override('GET /services/*', (reply, { path }) => {
      const found = this.#find(path)
      if (found === undefined) return reply.refuse(404, `service ${toSubject(path)} not found`)
      return reply.json(200, { ID: found.ID, Version: { Index: 1 }, Spec: found.spec })
    })
    fake.override('DELETE /services/*', (reply, { path }) => {
      const found = this.#find(path)
      if (found === undefined) return reply.refuse(404, `service ${toSubject(path)} not found`)
      this.services.delete(found.ID)
      return reply.raw(200, '')
    })
    fake.override('GET /tasks', (reply) => {
      reply.json(
        200,
        [...this.services.values()].flatMap((service) => this.#look(service)),
      )
    })
    fake.override('GET /nodes', (reply) => reply.json(200, [{ ID: 'n1', Status: { State: 'ready' } }]))
    fake.override('GET /secrets/*', (reply, { path }) => {
      const Name = path.slice('/secrets/'.length)
      if (!this.#secrets.has(Name)) return reply.refuse(404, `secret ${Name} not found`)
      return reply.json(200, { ID: `id-of-${Name}`, Spec: { Name } })
    })
    fake.override('GET /tasks/*/logs', (reply, { query }) => {
      const isFollowed = query.get('follow') === '1'
      const response = reply.open()
      for (const bytes of isFollowed ? this.begun : this.log) response.write(bytes)
      if (!isFollowed) response.end() // the log of a task is followed until the client closes the connection
    })
  }

  /** Adds a service and returns its id. */
  add(spec: Readonly<Record<string, unknown>>): string {
    const ID = `s${this.services.size + 1}`
    this.services.set(ID, { ID, spec, looks: 0 })
    return ID
  }

  /** Finds a service by the id or the name at the end of a path. */
  #find(path: string): FakeService | undefined {
    const subject = toSubject(path)
    return [...this.services.values()].find(({ ID, spec }) => ID === subject || spec.Name === subject)
  }

  #look(service: FakeService): readonly object[] {
    const status = this.statuses[Math.min(service.looks, this.statuses.length - 1)]
    service.looks += 1
    const first = toTask(service, { number: 1, status })
    const isLast = service.looks >= this.statuses.length
    return this.isReplaced && isLast ? [toTask(service, { number: 2, status: { State: 'pending' } }), first] : [first]
  }
}

function toSubject(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

interface FakeService {
  readonly ID: string
  readonly spec: Readonly<Record<string, unknown>>
  looks: number
}

function toTask(
  { ID }: FakeService,
  { number, status }: { readonly number: number; readonly status: FakeStatus | undefined },
): object {
  const CreatedAt = `2026-01-01T00:00:0${number}.000000000Z`
  return { ID: `${ID}t${number}`, ServiceID: ID, NodeID: 'n1', CreatedAt, DesiredState: 'complete', Status: status }
}

export const out = (text: string): Buffer => frame(1, text)
export const err = (text: string): Buffer => frame(2, text)
