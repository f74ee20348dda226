import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Catches what a plugin does to the whole process while cases run: errors that nobody awaits (`uncaughtException`,
 * `unhandledRejection`) and `process.exit`.
 *
 * Each is recorded for the case in whose course it happened, by its asynchronous context; where that is lost, for all cases
 * that run at the moment, else for the run. One guard at a time; listeners of others hear the errors as well.
 *
 * Out of reach: a signal, `process.abort`, a crash of native code, and a loop that never gives way.
 */
export class PluginGuard implements Disposable {
  readonly #place = new AsyncLocalStorage<CaseMark>()
  readonly #running = new Set<CaseMark>()
  readonly #stray: StrayError[] = []
  readonly #exit = process.exit
  readonly #onError = (error: unknown) => this.#record('threw where nothing could catch it', error)
  readonly #onRejection = (error: unknown) => this.#record('left a rejected promise unhandled', error)

  constructor() {
    process.on('uncaughtException', this.#onError)
    process.on('unhandledRejection', this.#onRejection)
    process.exit = (code) => this.#refuseExit(code)
  }

  /** Runs one case; what is recorded for it later stays in `errors`. */
  async run<T>(work: () => Promise<T>): Promise<GuardedResult<T>> {
    const mark: CaseMark = { errors: [] }
    this.#running.add(mark)
    try {
      return { result: await this.#place.run(mark, work), errors: mark.errors }
    } finally {
      this.#running.delete(mark)
    }
  }

  /** What no case can be named for. */
  get stray(): readonly StrayError[] {
    return this.#stray
  }

  [Symbol.dispose](): void {
    process.off('uncaughtException', this.#onError)
    process.off('unhandledRejection', this.#onRejection)
    process.exit = this.#exit
  }

  #record(what: string, error: unknown): void {
    const own = this.#place.getStore()
    const stray = new StrayError(what, error)
    if (own !== undefined) own.errors.push(stray)
    else if (this.#running.size === 0) this.#stray.push(stray)
    else for (const { errors } of this.#running) errors.push(stray)
  }

  /** Outside of the cases it is the program around the kit that ends. */
  #refuseExit(code?: number | string | null): never {
    if (this.#place.getStore() === undefined) return this.#exit(code)
    const error = new Error(`process.exit(${code ?? ''}) was called`)
    this.#record('called process.exit', error)
    throw error
  }
}

/** An error of the plugin that came by no call of the kit. */
export class StrayError extends Error {
  constructor(what: string, cause: unknown) {
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    super(`the plugin ${what}: ${text}`, { cause })
    if (cause instanceof Error && cause.stack !== undefined) this.stack = cause.stack
  }
}

/** The result of a case, and what its plugin did beside: more may come until the guard is disposed. */
export interface GuardedResult<T> {
  readonly result: T
  readonly errors: readonly StrayError[]
}

interface CaseMark {
  readonly errors: StrayError[]
}
