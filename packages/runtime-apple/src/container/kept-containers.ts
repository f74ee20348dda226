import { type ContainerConfig, type FirewallRules, type PortSpec, type TerminalSize, untilAborted } from '@capstan/core'
import type { ContainerSession } from '../session/container-session.js'

/** What this runtime knows of a container beyond what the command line tells. */
export interface KeptContainer {
  /** How it was made, as long as it has not been started: a lost race for a port has it made once more. */
  plan: ContainerPlan | undefined
  isMine: boolean
  hasRun: boolean
  session: ContainerSession | undefined
  firewall: FirewallRules | undefined
  terminalSize: TerminalSize | undefined
}

export interface ContainerPlan {
  readonly config: ContainerConfig
  /** Reference by which the image is known to the command line. */
  readonly image: string
  readonly ports: readonly PortSpec[]
}

/** By id. One start at a time for each of them. */
export class KeptContainers {
  readonly #kept = new Map<string, KeptContainer>()
  readonly #starting = new Map<string, Promise<unknown>>()
  readonly #sessions = new Set<ContainerSession>()
  readonly #waiting = new Map<string, Set<() => void>>()

  find(id: string): KeptContainer | undefined {
    return this.#kept.get(id)
  }

  require(id: string): KeptContainer {
    const known = this.#kept.get(id)
    if (known !== undefined) return known
    const fresh: KeptContainer = {
      plan: undefined,
      isMine: false,
      hasRun: false,
      session: undefined,
      firewall: undefined,
      terminalSize: undefined,
    }
    this.#kept.set(id, fresh)
    return fresh
  }

  /** A new container of that name knows nothing of an earlier one. */
  add(id: string, plan: ContainerPlan): void {
    this.#kept.delete(id)
    Object.assign(this.require(id), { plan, isMine: true })
  }

  forget(id: string): void {
    this.#kept.delete(id)
    this.#wake(id)
  }

  hold(id: string, session: ContainerSession): void {
    Object.assign(this.require(id), { session })
    this.#sessions.add(session)
    void session.outcome.then(() => this.#sessions.delete(session))
    this.#wake(id)
  }

  /** Resolves at the next change of the container that this runtime makes, and at the latest with `limit`. */
  async untilChanged(id: string, limit: Promise<void>): Promise<void> {
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting)
    let tell: () => void = () => {}
    const changed = new Promise<void>((resolve) => {
      tell = resolve
    })
    waiting.add(tell)
    await Promise.race([changed, limit]).finally(() => {
      waiting.delete(tell)
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id)
    })
  }

  /** One after the other. */
  /** Runs `start` when the starts before it have ended; an abort ends the waiting for those, and `start` sees it too. */
  async startOne<T>(id: string, start: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#starting.get(id) ?? Promise.resolve()
    const starting = before.then(start, start)
    this.#starting.set(id, starting)
    const leave = () => {
      if (this.#starting.get(id) === starting) this.#starting.delete(id)
    }
    starting.then(leave, leave)
    await untilAborted(Promise.allSettled([before]), signal)
    return await starting
  }

  async endSessions(): Promise<void> {
    const sessions = [...this.#sessions]
    for (const session of sessions) session.end()
    await Promise.all(sessions.map(({ outcome }) => outcome))
  }

  #wake(id: string): void {
    for (const tell of this.#waiting.get(id) ?? []) tell()
    this.#waiting.delete(id)
  }
}
