import { EventEmitter, once } from 'node:events'
import type { ContainerConfig, PortSpec, TerminalSize } from '@capstan/core'
import { type Operation, untilAborted } from '@capstan/core/plugin'
import type { ContainerSession } from './container-session.js'

/** What the command does not report about a container. */
export interface ContainerRecord {
  /** How to create the container again, if another process takes one of its ports before the first start. */
  plan: ContainerPlan | undefined
  /** Whether this runtime created the container. */
  isCreatedHere: boolean
  /** Whether the service removes the container when it exits, as far as this runtime knows. */
  isRemovedAtExit: boolean
  /** The stop signal of its config, where this runtime created the container. */
  stopSignal: string | undefined
  /** Whether this runtime has started the container. */
  hasRun: boolean
  session: ContainerSession | undefined
  /** Runs after each start, before the start resolves. */
  afterStart: ((session: ContainerSession, start: Operation) => Promise<void>) | undefined
  /** The size for the terminal of the next start. */
  terminalSize: TerminalSize | undefined
}

/** The arguments of a `create`. */
export interface ContainerPlan {
  readonly config: ContainerConfig
  /** A reference of the image that the command knows. */
  readonly image: string
  readonly ports: readonly PortSpec[]
}

/** The records of one runtime, by container id, and its running sessions. */
export class ContainerRecords {
  readonly #records = new Map<string, ContainerRecord>()
  readonly #lastWork = new Map<string, Promise<unknown>>()
  readonly #sessions = new Set<ContainerSession>()
  /** Emits the event of a container when this runtime starts or removes it. */
  readonly #changes = new EventEmitter().setMaxListeners(0)

  find(id: string): ContainerRecord | undefined {
    return this.#records.get(id)
  }

  /** Returns the record. Adds an empty one for a container that this runtime did not create. */
  getOrAdd(id: string): ContainerRecord {
    const known = this.#records.get(id)
    if (known !== undefined) return known
    const empty: ContainerRecord = {
      plan: undefined,
      isCreatedHere: false,
      isRemovedAtExit: false,
      stopSignal: undefined,
      hasRun: false,
      session: undefined,
      afterStart: undefined,
      terminalSize: undefined,
    }
    this.#records.set(id, empty)
    return empty
  }

  /** Starts a new record for a created container. Nothing of an earlier container of this name is kept. */
  add(id: string, plan: ContainerPlan): void {
    this.#records.delete(id)
    const { autoRemove: isRemovedAtExit = false, stopSignal } = plan.config
    Object.assign(this.getOrAdd(id), { plan, isCreatedHere: true, isRemovedAtExit, stopSignal })
  }

  remove(id: string): void {
    this.#records.delete(id)
    this.#changes.emit(toEvent(id))
  }

  addSession(id: string, session: ContainerSession): void {
    Object.assign(this.getOrAdd(id), { session })
    this.#sessions.add(session)
    void session.outcome.then(() => this.#sessions.delete(session))
    this.#changes.emit(toEvent(id))
  }

  /** Resolves when this runtime starts or removes the container, and settles with `limit` at the latest. */
  async untilChanged(id: string, limit: Promise<void>): Promise<void> {
    const over = new AbortController()
    const changed = once(this.#changes, toEvent(id), { signal: over.signal }).catch(() => {})
    await Promise.race([changed, limit]).finally(() => over.abort())
  }

  /**
   * Runs `work` on a container, such as a start, after all earlier work on it. An abort ends the wait for that; `work` checks the
   * signal itself.
   */
  async runExclusive<T>(id: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#lastWork.get(id) ?? Promise.resolve()
    const current = before.then(work, work)
    this.#lastWork.set(id, current)
    const clear = () => {
      if (this.#lastWork.get(id) === current) this.#lastWork.delete(id)
    }
    current.then(clear, clear)
    await untilAborted(Promise.allSettled([before]), signal)
    return await current
  }

  /** Kills the commands of all sessions, and resolves when they have ended. */
  async endSessions(): Promise<void> {
    const sessions = [...this.#sessions]
    for (const session of sessions) session.killCommand()
    await Promise.all(sessions.map(({ outcome }) => outcome))
  }
}

/** The prefix is needed because an EventEmitter treats the name `error` specially. */
function toEvent(id: string): string {
  return `container ${id}`
}
