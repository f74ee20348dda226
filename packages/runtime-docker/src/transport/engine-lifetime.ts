import { type ClosedRuntime, createClosedError, type HostError } from '@capstan/core'
import type { DockerTimeouts } from '../docker-timeouts.js'

/**
 * From open to closed: first what is under way ends, then what has to undo something does so, then all is over.
 */
export class EngineLifetime {
  readonly #runtime: ClosedRuntime
  readonly #closeMs: number
  readonly #closing = new AbortController()
  readonly #closed = new AbortController()
  readonly #working = new Set<Promise<unknown>>()
  #end: Promise<void> | undefined

  constructor(runtime: ClosedRuntime, { closeMs }: Pick<DockerTimeouts, 'closeMs'>) {
    this.#runtime = runtime
    this.#closeMs = closeMs
  }

  /** One error for each call: it gets the undo failures of that call. */
  createClosedError(): HostError<'RUNTIME_UNAVAILABLE'> {
    return createClosedError(this.#runtime)
  }

  /** Ends every call but those that undo. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Ends every call. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** The closing waits for it, up to a limit. */
  keepOpen<T>(work: () => Promise<T>): Promise<T> {
    const working = work()
    const settled = working.catch(() => {})
    this.#working.add(settled)
    settled.finally(() => this.#working.delete(settled))
    return working
  }

  close(): Promise<void> {
    this.#end ??= this.#close()
    return this.#end
  }

  async #close(): Promise<void> {
    const reason = this.createClosedError()
    this.#closing.abort(reason)
    await this.#awaitWork()
    this.#closed.abort(reason)
  }

  async #awaitWork(): Promise<void> {
    if (this.#working.size === 0) return
    let timer: ReturnType<typeof setTimeout> | undefined
    // What is not undone by then is left to a sweep.
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#closeMs)
    })
    await Promise.race([Promise.all(this.#working), limit])
    clearTimeout(timer)
  }
}
