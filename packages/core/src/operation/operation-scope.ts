import { setMaxListeners } from 'node:events'
import type { OperationOptions } from '../contract/operation.js'
import { type ClosedRuntime, createClosedError } from '../errors/create-closed-error.js'
import { createHostError } from '../errors/create-host-error.js'
import { withUndoFailures } from '../errors/undo-failures.js'
import { startDeadline } from './signals/deadline.js'
import { type LinkedSignal, linkSignals } from './signals/link-signals.js'
import { createUndoStack, type UndoStack } from './undo-stack.js'

/**
 * The operations of one open runtime. All methods with I/O, of the runtime and of its managers, call {@link run}, so that an
 * abort, a failure and `close` have the same effect in each of them. What outlives its method, such as a stream, calls
 * {@link begin}.
 */
export class OperationScope {
  readonly #options: OperationScopeOptions
  readonly #links = new Set<LinkedSignal>()
  readonly #calls = new Set<Promise<unknown>>()
  readonly #closed = new AbortController()
  #keepAlive: NodeJS.Timeout | undefined
  #isClosed = false
  #closing: Promise<void> | undefined

  constructor(options: OperationScopeOptions = {}) {
    this.#options = options
    setMaxListeners(0, this.closed) // one for each request of a connection
  }

  /**
   * Runs one operation and resolves with the result of `effect`, which passes `call.signal` to everything that waits, and adds
   * a step to `call.undo` for everything that it creates.
   *
   * When `effect` rejects, the steps run in reverse, and their failures are recorded with its error: see
   * {@link withUndoFailures}. The same happens when the signal aborts, even if `effect` resolves after that: the
   * operation then rejects with the reason of the signal itself. An operation whose signal has aborted before is not run.
   *
   * @throws HostError RUNTIME_UNAVAILABLE after `close`, TIMED_OUT after `timeoutMs`
   */
  async run<T>(
    subject: OperationSubject,
    { signal, timeoutMs }: RunOptions,
    effect: (call: Operation) => T | PromiseLike<T>,
  ): Promise<T> {
    const lasting = this.begin(signal)
    const running = this.#run({ ...subject, lasting, isBounded: signal !== undefined, timeoutMs }, effect)
    this.#calls.add(running)
    return await running.finally(() => this.#calls.delete(running))
  }

  /**
   * Begins what may outlive the method that was called, such as a stream or a session. Call `end` when it is over. `close`
   * aborts it, and does not wait for it.
   *
   * @throws HostError RUNTIME_UNAVAILABLE after `close`, and the reason of a signal that has aborted before
   */
  begin(signal: AbortSignal | undefined): LastingOperation {
    this.assertOpen()
    signal?.throwIfAborted()
    const link = linkSignals([signal])
    this.#links.add(link)
    if (this.#options.keepsAlive) this.#keepAlive ??= setInterval(() => {}, longestDelayMs)
    const end = () => {
      link.unlink()
      this.#links.delete(link)
      if (this.#links.size === 0) this.#stopKeepAlive()
    }
    return { signal: link.signal, abort: link.abort, end }
  }

  /** @throws HostError RUNTIME_UNAVAILABLE after `close` */
  assertOpen(): void {
    if (this.#isClosed) throw this.#createClosedError()
  }

  /**
   * Aborts with RUNTIME_UNAVAILABLE when `close` has finished. Steps that undo run until then, so a connection that they use
   * ends with this signal.
   */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /**
   * Aborts all operations with RUNTIME_UNAVAILABLE and resolves when those of `run` have been undone. Idempotent: further
   * calls wait for the first one.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #run<T>(running: RunningOperation, effect: (call: Operation) => T | PromiseLike<T>): Promise<T> {
    const { operation, subject, isBounded, lasting, timeoutMs } = running
    const { signal, abort, end } = lasting
    const undo = createUndoStack({ timeoutMs: this.#options.undoMs })
    const expire = () => abort(createHostError('TIMED_OUT', toTimeoutFacts(operation, timeoutMs)))
    const deadline = timeoutMs === undefined ? undefined : startDeadline(timeoutMs, expire)
    try {
      const result = await effect({ operation, subject, signal, isBounded, undo })
      signal.throwIfAborted()
      undo.release()
      return result
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error
      throw withUndoFailures(reason, await undo.run())
    } finally {
      deadline?.clear()
      end()
    }
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    // An error for each operation: it records the undo failures of that operation.
    for (const { abort } of this.#links) abort(this.#createClosedError())
    await Promise.resolve() // for a call that closes its own scope before its first `await`
    await settleWithin(this.#calls, this.#options.closeMs)
    this.#stopKeepAlive()
    this.#closed.abort(this.#createClosedError())
  }

  #createClosedError(): Error {
    return createClosedError(this.#options.runtime)
  }

  #stopKeepAlive(): void {
    clearInterval(this.#keepAlive)
    this.#keepAlive = undefined
  }
}

/** Options of `OperationScope`. */
export interface OperationScopeOptions {
  /** For the report in the error after `close`. Default: none; the host itself is closed. */
  readonly runtime?: ClosedRuntime
  /** Limit for undoing one operation, in milliseconds. Default 30 000. */
  readonly undoMs?: number | undefined
  /** The longest time that `close` waits for operations to be undone, in milliseconds. Default: until all are undone. */
  readonly closeMs?: number | undefined
  /**
   * Whether an operation keeps the process running. Set it where neither a socket nor a child process does. Default false.
   */
  readonly keepsAlive?: boolean
}

/** What an operation does, and to which object: for error messages. */
export interface OperationSubject {
  /** The name of the method, such as `createContainer`. */
  readonly operation: string
  /** The id, name or reference of the object. */
  readonly subject: string
}

/** Options of `OperationScope.run`. */
export interface RunOptions extends OperationOptions {
  /** Limit for the whole operation, in milliseconds. Default: none. */
  readonly timeoutMs?: number | undefined
}

/** One operation that is running. */
export interface Operation extends OperationSubject {
  /** Aborts with the caller's signal, after `timeoutMs`, and when the runtime is closed. */
  readonly signal: AbortSignal
  /** Whether the caller gave a signal: it takes the place of the runtime's default time limits. */
  readonly isBounded: boolean
  /** Steps that run when the operation fails or is aborted. */
  readonly undo: UndoStack
}

/** Something that may outlive the method that began it. */
export interface LastingOperation {
  /** Aborts with the caller's signal, by `abort`, and when the runtime is closed. */
  readonly signal: AbortSignal
  readonly abort: (reason: unknown) => void
  /** Call it when it is over: it releases the caller's signal. */
  readonly end: () => void
}

interface RunningOperation extends OperationSubject {
  readonly lasting: LastingOperation
  readonly isBounded: boolean
  readonly timeoutMs: number | undefined
}

function toTimeoutFacts(operation: string, timeoutMs = 0) {
  return { operation, phase: undefined, timeoutMs, lastLines: [] } as const
}

/** Resolves when all calls have settled, and at the latest after `timeoutMs`. */
function settleWithin(calls: Iterable<Promise<unknown>>, timeoutMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const deadline = timeoutMs === undefined ? undefined : startDeadline(timeoutMs, resolve)
    const settle = () => {
      deadline?.clear()
      resolve()
    }
    void Promise.allSettled(calls).then(settle)
  })
}

/** The longest delay of Node's timers. */
const longestDelayMs = 2 ** 31 - 1
