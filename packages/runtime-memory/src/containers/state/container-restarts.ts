import type { RestartPolicy } from '@capstan/core'

/** A restart that follows an exit after a delay. */
export interface PendingRestart {
  readonly delayMs: number
  /** Aborts when the container is stopped, removed or started by a call. */
  readonly signal: AbortSignal
}

/** Decides by the restart policy of a container whether it is started again after an exit, as Docker does. */
export class ContainerRestarts {
  #policy: RestartPolicy = { name: 'no' }
  #count = 0
  #canceling: AbortController | undefined
  #isPrevented = false

  constructor(policy: RestartPolicy | undefined) {
    this.setPolicy(policy)
  }

  setPolicy(policy: RestartPolicy = { name: 'no' }): void {
    this.#policy = policy
  }

  /** The number of restarts since the last start by a call. */
  get count(): number {
    return this.#count
  }

  /** Whether a restart follows the last exit. */
  get isPending(): boolean {
    return this.#canceling !== undefined
  }

  /** Called at a start by a call: allows restarts and counts them from 0. */
  reset(): void {
    this.prevent()
    this.#isPrevented = false
    this.#count = 0
  }

  /** Cancels a pending restart, and prevents those after the current run. */
  prevent(): void {
    this.#isPrevented = true
    this.#canceling?.abort()
    this.#canceling = undefined
  }

  /** Called at an exit: returns the restart that follows it. `undefined` if there is none. */
  plan(exitCode: number): PendingRestart | undefined {
    if (this.#isPrevented || !this.#allows(exitCode)) return undefined
    this.#canceling = new AbortController()
    return { delayMs: Math.min(firstDelayMs * 2 ** this.#count, longestDelayMs), signal: this.#canceling.signal }
  }

  /** Called at the beginning of each run: ends and counts the pending restart. */
  noteRun(): void {
    if (this.#canceling === undefined) return
    this.#canceling = undefined
    this.#count += 1
  }

  #allows(exitCode: number): boolean {
    const { name, maxRetries = Number.POSITIVE_INFINITY } = this.#policy
    if (name === 'on-failure') return exitCode !== 0 && this.#count < maxRetries
    return name !== 'no'
  }
}

// Docker waits 100 ms before the first restart, and twice as long before each further one, up to a minute.
const firstDelayMs = 100
const longestDelayMs = 60_000
