import { setMaxListeners } from 'node:events'
import type { OperationOptions } from '../contract/operation.js'
import { type ClosedRuntime, createClosedError } from '../errors/create-closed-error.js'
import { withUndoFailures } from '../errors/undo-failures.js'
import { startDeadline } from './signals/deadline.js'
import { type LinkedSignal, linkSignals } from './signals/link-signals.js'
import { createUndoStack, type UndoStack } from './undo-stack.js'

/**
 * Runs the operations of an open runtime or of a host. All methods with I/O of the runtime and its managers, or of the
 * host, call {@link run}, so that an abort, a failure and `close` have the same effect in each. What outlives its method,
 * such as a stream, uses {@link begin}.
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
    setMaxListeners(0, this.closed) // each open request adds a listener, and Node warns from the eleventh on
  }

  /**
   * Runs an operation and resolves with the result of `action`. `action` must pass `call.signal` to everything that waits, and
   * add a step to `call.undo` for every object that it creates.
   *
   * If `action` rejects, the steps run in reverse order, and their failures are recorded with its error: see
   * {@link withUndoFailures}. If the signal aborts, the same happens, also when `action` resolves after that, and the
   * operation rejects with the reason of the signal. If the signal has aborted before the call, `action` is not called.
   *
   * @throws HostError RUNTIME_UNAVAILABLE after `close`
   */
  async run<T>(
    subject: OperationNames,
    { signal }: OperationOptions,
    action: (call: Operation) => T | PromiseLike<T>,
  ): Promise<T> {
    const undo = createUndoStack({ timeoutMs: this.#options.undoMs })
    const lasting = this.begin(signal)
    const call = { ...subject, signal: lasting.signal, hasCallerSignal: signal !== undefined, undo }
    const running = runOrUndo(call, action).finally(lasting.end)
    this.#calls.add(running)
    return await running.finally(() => this.#calls.delete(running))
  }

  /**
   * Begins an operation that may outlive the method that begins it, such as a stream or a session. The caller must call `end`
   * when it is over. `close` aborts it and does not wait for it.
   *
   * @throws HostError RUNTIME_UNAVAILABLE after `close`; the reason of the signal if it has aborted before
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
   * A signal that aborts with RUNTIME_UNAVAILABLE when `close` has run the undo steps, or after `closeMs`. Close connections
   * on this signal and not earlier, since undo steps may need them.
   */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Aborts all operations with RUNTIME_UNAVAILABLE. Resolves when those of `run` are undone, or after `closeMs`. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    // Each operation gets an error of its own, which records its undo failures.
    for (const { abort } of this.#links) abort(this.#createClosedError())
    await Promise.resolve() // a call whose action closes this scope is added to `#calls` only after this turn
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
  /** The runtime that the error after `close` reports. Default: none; the error is that of a closed host. */
  readonly runtime?: ClosedRuntime
  /** Limit for undoing an operation, in milliseconds. Default 30 000. */
  readonly undoMs?: number | undefined
  /** How long `close` waits for operations to be undone, in milliseconds. Default: until all are. */
  readonly closeMs?: number | undefined
  /** Keeps the process running during an operation. Set it if no socket or child process does so. Default false. */
  readonly keepsAlive?: boolean
}

/** The names of the method and of the object of an operation, for error messages. */
export interface OperationNames {
  /** The name of the method, such as `createContainer`. */
  readonly operation: string
  /** The id, name or reference of the object. */
  readonly subject: string
}

/** A running operation. */
export interface Operation extends OperationNames {
  /** Aborts with the caller's signal, and when the runtime is closed. */
  readonly signal: AbortSignal
  /** Whether the caller passed a signal, which replaces the default time limits of the runtime. */
  readonly hasCallerSignal: boolean
  /** The steps that run if the operation fails or is aborted. */
  readonly undo: UndoStack
}

/** An operation that may outlive the method that began it. */
export interface LastingOperation {
  /** Aborts with the caller's signal, on `abort`, and when the runtime is closed. */
  readonly signal: AbortSignal
  readonly abort: (reason: unknown) => void
  /** Ends the operation and removes the listener from the caller's signal. */
  readonly end: () => void
}

async function runOrUndo<T>(call: Operation, action: (call: Operation) => T | PromiseLike<T>): Promise<T> {
  const { signal, undo } = call
  try {
    const result = await action(call)
    signal.throwIfAborted()
    undo.clear()
    return result
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    throw withUndoFailures(reason, await undo.run())
  }
}

/** Resolves when all calls have settled, or after `timeoutMs`. */
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
