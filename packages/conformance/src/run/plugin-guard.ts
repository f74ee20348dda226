import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Records uncaught errors, unhandled rejections and calls of `process.exit` while cases run, so that none of them ends the
 * process.
 *
 * Each is assigned to a case by its asynchronous context; without one to all cases that are running, and when none is, to the
 * run. Only one guard may exist at a time. Other listeners of the process receive the errors as well.
 *
 * Not covered: a signal, `process.abort`, a crash of native code, and a loop that never yields to the event loop.
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

  /** Runs one case. Errors of the case that arrive later are added to `errors`. */
  async run<T>(work: () => Promise<T>): Promise<GuardedResult<T>> {
    const mark: CaseMark = { errors: [] }
    this.#running.add(mark)
    try {
      return { result: await this.#place.run(mark, work), errors: mark.errors }
    } finally {
      this.#running.delete(mark)
    }
  }

  /** The errors that belong to no case. */
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

  /** A call outside of the cases comes from the program that runs the kit, and ends it. */
  #refuseExit(code?: number | string | null): never {
    if (this.#place.getStore() === undefined) return this.#exit(code)
    const error = new Error(`process.exit(${code ?? ''}) was called`)
    this.#record('called process.exit', error)
    throw error
  }
}

/** An error of the plugin that no call of the kit returned. */
export class StrayError extends Error {
  constructor(what: string, cause: unknown) {
    const shown = describe(cause)
    super(`the plugin ${what}: ${shown.text}`, { cause: shown.cause })
    if (shown.stack !== undefined) this.stack = shown.stack
  }
}

/** A value whose parts throw when they are read must not end the run: it is replaced. */
function describe(cause: unknown): {
  readonly text: string
  readonly stack?: string | undefined
  readonly cause: unknown
} {
  try {
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    return { text, stack: cause instanceof Error ? cause.stack : undefined, cause }
  } catch {
    return { text: 'a value that cannot be read', cause: undefined }
  }
}

/** The result of a case, and its stray errors; more may be added until the guard is disposed. */
export interface GuardedResult<T> {
  readonly result: T
  readonly errors: readonly StrayError[]
}

interface CaseMark {
  readonly errors: StrayError[]
}
