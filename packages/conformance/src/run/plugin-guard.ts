import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Records uncaught errors and unhandled rejections, and calls of `process.exit` in the asynchronous context of a case, so
 * that they do not end the process. A call of `process.exit` outside of such a context ends the process.
 *
 * Each error is assigned to the case of its context; without a context to all running cases, and when no case runs, to
 * `unassigned`. Only one guard may exist at a time. Other listeners of the process receive the errors as well.
 *
 * Not covered: a signal, `process.abort`, a crash of native code, and a loop that never yields to the event loop.
 */
export class PluginGuard implements Disposable {
  readonly #current = new AsyncLocalStorage<RunningCase>()
  readonly #running = new Set<RunningCase>()
  readonly #unassigned: UnhandledError[] = []
  readonly #exit = process.exit
  readonly #onError = (error: unknown) => this.#record('threw an uncaught error', error)
  readonly #onRejection = (error: unknown) => this.#record('did not handle a rejection', error)

  constructor() {
    process.on('uncaughtException', this.#onError)
    process.on('unhandledRejection', this.#onRejection)
    process.exit = (code) => this.#refuseExit(code)
  }

  /** Runs a case, or another step such as opening the runner. Errors of it that arrive later are added to `errors`. */
  async run<T>(work: () => Promise<T>): Promise<GuardedResult<T>> {
    const running: RunningCase = { errors: [] }
    this.#running.add(running)
    try {
      return { result: await this.#current.run(running, work), errors: running.errors }
    } finally {
      this.#running.delete(running)
    }
  }

  /** The errors that belong to no case. */
  get unassigned(): readonly UnhandledError[] {
    return this.#unassigned
  }

  [Symbol.dispose](): void {
    process.off('uncaughtException', this.#onError)
    process.off('unhandledRejection', this.#onRejection)
    process.exit = this.#exit
  }

  #record(what: string, error: unknown): void {
    const current = this.#current.getStore()
    const unhandled = new UnhandledError(what, error)
    if (current !== undefined) current.errors.push(unhandled)
    else if (this.#running.size === 0) this.#unassigned.push(unhandled)
    else for (const { errors } of this.#running) errors.push(unhandled)
  }

  /** A call outside of the cases comes from the program that runs the kit, and ends it. */
  #refuseExit(code?: number | string | null): never {
    if (this.#current.getStore() === undefined) return this.#exit(code)
    const error = new Error(`process.exit(${code ?? ''}) was called`)
    this.#record('called process.exit', error)
    throw error
  }
}

/** An uncaught error, an unhandled rejection or a call of `process.exit` of the plugin. */
export class UnhandledError extends Error {
  constructor(what: string, cause: unknown) {
    const shown = describe(cause)
    super(`the plugin ${what}: ${shown.text}`, { cause: shown.cause })
    if (shown.stack !== undefined) this.stack = shown.stack
  }
}

/** Describes a thrown value. A value whose properties throw when they are read is replaced. */
function describe(cause: unknown) {
  try {
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    return { text, stack: cause instanceof Error ? cause.stack : undefined, cause }
  } catch {
    return { text: 'a value that cannot be read', cause: undefined }
  }
}

/** The result of a case, and the errors that it did not handle; more may be added until the guard is disposed. */
export interface GuardedResult<T> {
  readonly result: T
  readonly errors: readonly UnhandledError[]
}

interface RunningCase {
  readonly errors: UnhandledError[]
}
