import type { Capability, OperationOptions, OptionName } from '@capstan/core'
import {
  type ClosedRuntime,
  checkOption,
  createHostError,
  isSameOwner,
  type Operation,
  OperationScope,
  type RegistrationScope,
  type StringMap,
  type UnsupportedOption,
} from '@capstan/core/plugin'
import type { MemoryEngine } from './memory-engine.js'
import { applyFault, InjectedFailure } from './memory-fault.js'

/** Options of `MemoryRuntimeContext`. RUNTIME_UNAVAILABLE, the error after `close`, has the names and version. */
export interface MemoryRuntimeContextOptions
  extends Pick<RegistrationScope, 'runtimeName' | 'ownerLabels' | 'packageName' | 'packageVersion'> {
  readonly engine: MemoryEngine
  readonly unsupportedOptions: readonly UnsupportedOption[]
  /** Whether the engine itself uses the context, which then does not keep this process alive. Default false. */
  readonly isInternal?: boolean
}

/** A container, a network, or a volume, which has no id besides its name. */
interface NamedObject {
  readonly id?: string
  readonly name: string
  readonly labels: StringMap
}

/**
 * The state that an open runtime and its managers share: the engine, the owner and the operations.
 *
 * Each operation runs by {@link MemoryRuntimeContext.call}, which applies the injected faults.
 */
export class MemoryRuntimeContext {
  readonly engine: MemoryEngine
  readonly runtimeName: string
  readonly ownerLabels: StringMap
  readonly unsupportedOptions: readonly UnsupportedOption[]
  readonly operations: OperationScope
  /** The names of this runtime for the error of calls after it is closed. */
  readonly closedRuntime: ClosedRuntime
  readonly #subject: string

  constructor(options: MemoryRuntimeContextOptions) {
    const { engine, runtimeName, ownerLabels, unsupportedOptions, packageName, packageVersion } = options
    this.engine = engine
    this.runtimeName = runtimeName
    this.#subject = `runtime "${runtimeName}"`
    this.ownerLabels = ownerLabels
    this.unsupportedOptions = unsupportedOptions
    const names = { runtime: runtimeName, packageName, packageVersion }
    this.closedRuntime = { ...names, endpoint: 'in this process', selection: 'named' }
    this.operations = new OperationScope({ runtime: this.closedRuntime, keepsAlive: options.isInternal !== true })
    if (options.isInternal !== true) engine.openRuntimes.add(this)
  }

  /** Runs one operation with the faults that are injected for it. See `OperationScope.run`. */
  async call<T>(
    operation: string,
    { signal }: OperationOptions,
    effect: (call: Operation) => T | PromiseLike<T>,
  ): Promise<T> {
    return await this.operations.run({ operation, subject: this.#subject }, { signal }, async (call) => {
      try {
        return await this.#withFaults(operation, call.signal, () => effect(call))
      } catch (error) {
        if (!(error instanceof InjectedFailure)) throw error
        // An injected failure is not undone: an operation that was carried out stays so, as when only its response is lost.
        call.undo.clear()
        throw error.error
      }
    })
  }

  /** Runs an undo step with the faults that are injected for it, also while the runtime is being closed. */
  async runUndoStep(operation: string, signal: AbortSignal, effect: () => void | PromiseLike<void>): Promise<void> {
    try {
      await this.#withFaults(operation, signal, effect)
    } catch (error) {
      throw error instanceof InjectedFailure ? error.error : error
    }
  }

  async #withFaults<T>(operation: string, signal: AbortSignal, effect: () => T | PromiseLike<T>): Promise<T> {
    const fault = this.engine.faults.useFault(operation)
    const call = { subject: this.#subject, signal }
    if (fault !== undefined && fault.after !== true) await applyFault(fault, call)
    const result = await effect()
    signal.throwIfAborted()
    if (fault?.after === true) await applyFault(fault, call)
    return result
  }

  /** Throws NAME_CONFLICT when an object has the name already. */
  checkNameIsFree(name: string, holder: NamedObject | undefined): void {
    if (holder === undefined) return
    const { id: holderId = holder.name, labels } = holder
    throw createHostError('NAME_CONFLICT', { name, holderId, sameOwner: isSameOwner(labels, this.ownerLabels) })
  }

  /** Throws OPTION_UNSUPPORTED when a value is given for a field that this simulation does not support. */
  checkOption<F extends OptionName>(capability: Capability<object, F>, field: NoInfer<F>, given: unknown): void {
    checkOption(capability, field, given, { runtime: this.runtimeName, unsupportedOptions: this.unsupportedOptions })
  }

  /** Yields the chunks of a source. After an abort or a close of the runtime, throws its reason at the next chunk. */
  async *stream(chunks: AsyncIterable<Uint8Array>, options: OperationOptions): AsyncGenerator<Uint8Array> {
    const { signal, end } = this.operations.begin(options.signal)
    try {
      for await (const chunk of chunks) {
        signal.throwIfAborted()
        yield chunk
      }
    } finally {
      end()
    }
  }

  /** Ends all operations and resolves when they are undone. Containers continue to run. */
  async close(): Promise<void> {
    this.engine.openRuntimes.delete(this)
    await this.operations.close()
  }
}
