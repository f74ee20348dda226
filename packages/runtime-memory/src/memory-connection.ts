import {
  createClosedError,
  createUndoStack,
  type LinkedSignal,
  linkSignals,
  type OperationOptions,
  type RefusableField,
  type RefusedOption,
  refuseField,
  type StringMap,
  type UndoStack,
  withUndoFailures,
} from '@capstan/core'
import type { MemoryEngine } from './memory-engine.js'
import { meetFault, ScriptedFailure } from './memory-fault.js'
import { KeepAlive } from './process/keep-alive.js'

/** One call under way. */
export interface MemoryCall {
  /** Aborts with the caller's reason, or with RUNTIME_UNAVAILABLE when the runtime is closed. */
  readonly signal: AbortSignal
  /** Undone when the call fails or is aborted. */
  readonly undo: UndoStack
}

/** Something between its begin and its end; it keeps the event loop running that long. */
export interface MemorySession {
  /** Aborts with the caller's signal, at close, and by `abort`. */
  readonly own: AbortSignal
  readonly abort: (reason: unknown) => void
  readonly end: () => void
}

/** What makes one open runtime: where it opens, as what, for whom, and what it is to refuse. */
export interface MemoryConnectionOptions {
  readonly engine: MemoryEngine
  readonly runtimeName: string
  readonly ownerLabels: StringMap
  readonly refuses: readonly RefusedOption[]
  /** For the report in the error after `close`. */
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
}

/**
 * What one open runtime and its managers share: the engine, the owner, and the one way in.
 *
 * Every operation passes {@link MemoryConnection.call}: closed, aborted and scripted faults are met there alone.
 */
export class MemoryConnection {
  readonly engine: MemoryEngine
  readonly runtimeName: string
  readonly ownerLabels: StringMap
  readonly refuses: readonly RefusedOption[]
  readonly #options: MemoryConnectionOptions
  readonly #open = new Set<LinkedSignal>()
  readonly #calls = new Set<Promise<unknown>>()
  readonly #keepAlive = new KeepAlive()
  #closed = false

  constructor(options: MemoryConnectionOptions) {
    const { engine, runtimeName, ownerLabels, refuses } = options
    this.#options = options
    this.engine = engine
    this.runtimeName = runtimeName
    this.ownerLabels = ownerLabels
    this.refuses = refuses
    engine.connections.add(this)
  }

  /** Runs one operation. What it made is undone when it fails, and when it is aborted. */
  async call<T>(
    operation: string,
    { signal }: OperationOptions,
    effect: (call: MemoryCall) => T | PromiseLike<T>,
  ): Promise<T> {
    this.assertOpen()
    return await this.#track(this.#run(operation, signal, effect))
  }

  /** As `call`, for a step that undoes: it also works while the runtime is being closed. */
  async undo(
    operation: string,
    signal: AbortSignal,
    effect: (call: MemoryCall) => void | PromiseLike<void>,
  ): Promise<void> {
    await this.#run(operation, signal, effect)
  }

  async #run<T>(
    operation: string,
    signal: AbortSignal | undefined,
    effect: (call: MemoryCall) => T | PromiseLike<T>,
  ): Promise<T> {
    const { own, end } = this.#begin(signal)
    const undo = createUndoStack()
    const fault = this.engine.faults.take(operation)
    try {
      if (fault?.after !== true) await meetFault(fault, own)
      const result = await effect({ signal: own, undo })
      // What took effect after the abort is undone as well.
      own.throwIfAborted()
      if (fault?.after === true) await meetFault(fault, own)
      undo.release()
      return result
    } catch (error) {
      if (error instanceof ScriptedFailure) undo.release()
      throw withUndoFailures(toFailure(error, own), await undo.run())
    } finally {
      end()
    }
  }

  /** Begins what lasts: see {@link MemorySession}. */
  begin(signal: AbortSignal | undefined): MemorySession {
    this.assertOpen()
    return this.#begin(signal)
  }

  #begin(signal: AbortSignal | undefined): MemorySession {
    signal?.throwIfAborted()
    const link = linkSignals([signal])
    this.#open.add(link)
    const release = this.#keepAlive.hold()
    const end = () => {
      link.unlink()
      this.#open.delete(link)
      release()
    }
    return { own: link.signal, abort: link.abort, end }
  }

  /** When kept firewall rules are set: before the program of a container starts, or right after. */
  get rulesStand(): 'before' | 'after' {
    return this.refuses.some(({ field }) => field === 'firewall.beforeStart') ? 'after' : 'before'
  }

  /** @throws HostError OPTION_UNSUPPORTED when something is asked of a field that this simulation refuses */
  refuse(field: RefusableField, given: unknown): void {
    if (given !== undefined && given !== false) refuseField(this.runtimeName, field, given, this.refuses)
  }

  /** The chunks, until the caller aborts or the runtime is closed: then its reason is thrown. */
  async *stream(chunks: AsyncIterable<Uint8Array>, { signal }: OperationOptions): AsyncGenerator<Uint8Array> {
    const { own, end } = this.begin(signal)
    try {
      for await (const chunk of chunks) {
        own.throwIfAborted()
        yield chunk
      }
    } finally {
      end()
    }
  }

  /** @throws HostError RUNTIME_UNAVAILABLE after `close` */
  assertOpen(): void {
    if (this.#closed) throw this.#toClosed()
  }

  /** Ends all that is under way, and resolves when it is undone; containers go on. */
  async close(): Promise<void> {
    this.#closed = true
    this.engine.connections.delete(this)
    for (const link of this.#open) link.abort(this.#toClosed())
    await Promise.allSettled(this.#calls)
    this.#keepAlive.close()
  }

  #toClosed(): Error {
    const { packageName, packageVersion } = this.#options
    const of = { runtime: this.runtimeName, packageName, packageVersion }
    return createClosedError({ ...of, endpoint: 'in this process', selection: 'named' })
  }

  #track<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call)
    return call.finally(() => this.#calls.delete(call))
  }
}

/** An aborted call rejects with the reason itself, whatever failed on the way. */
function toFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  return error instanceof ScriptedFailure ? error.error : error
}
