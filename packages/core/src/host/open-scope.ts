import type { Owner } from '../contract/owner.js'
import { type Runtime, runtimeCapability } from '../contract/runtime.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { SweepOptions, SweepReport } from '../contract/sweep-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { findMarkingCopy, inheritsMark } from '../feature/injectable.js'
import { showCopy, thisCopy } from '../injection/core-copy.js'
import type { DependencyContainer } from '../injection/di.js'
import { sweepRuntime } from '../ownership/sweep.js'
import { validateSweepOptions } from '../validation/app-name.js'
import { type Closing, closeAll } from './close-all.js'
import type { RuntimeScope } from './runtime-host.js'

/** An open runtime with its container and reports. Closes the managers, then the runtime. */
export class OpenScope implements RuntimeScope {
  readonly runtimeName: string
  readonly container: DependencyContainer
  readonly runtime: Runtime
  readonly report: RuntimeReport
  readonly otherReports: readonly RuntimeReport[]
  readonly #parts: OpenScopeParts
  #closed: Promise<void> | undefined

  constructor(parts: OpenScopeParts) {
    this.runtimeName = parts.report.runtime
    this.container = parts.container
    this.runtime = parts.runtime
    this.report = parts.report
    this.otherReports = parts.otherReports
    this.#parts = parts
  }

  resolve<F extends object>(feature: new (...parameters: never[]) => F): F {
    const copy = findMarkingCopy(feature)
    if (copy !== undefined && copy.location !== thisCopy.location) {
      throw toUnresolved(
        feature,
        `its class was marked by injectable() of ${showCopy(copy)}, but the host is of ${showCopy(thisCopy)}; install one copy`,
      )
    }
    if (inheritsMark(feature)) throw toUnresolved(feature, unmarked)
    try {
      return this.container.resolve<F>(feature as new (...parameters: unknown[]) => F) // tsyringe types the parameters as any
    } catch (cause) {
      // Without parameters, tsyringe also creates a class that is not marked, so the constructor itself has failed.
      const reason = copy === undefined && feature.length > 0 ? unmarked : toText(cause)
      throw toUnresolved(feature, reason, cause)
    }
  }

  async sweep(options: SweepOptions = {}): Promise<SweepReport> {
    validateSweepOptions(options)
    return await sweepRuntime(this, this.#parts.owner, options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Calls `onClosed` only at the end, so that closing the host in the meantime waits for this scope. */
  async #close(): Promise<void> {
    try {
      await closeAll(toClosings(this.#parts.provided), `closing runtime "${this.runtimeName}"`)
    } finally {
      this.#parts.onClosed(this)
    }
  }
}

/** The parts of an open scope. */
export interface OpenScopeParts {
  readonly container: DependencyContainer
  readonly runtime: Runtime
  readonly report: RuntimeReport
  readonly otherReports: readonly RuntimeReport[]
  readonly owner: Owner
  /** All that the plugin registered, by token, in order of registration. */
  readonly provided: ReadonlyMap<symbol, object>
  readonly onClosed: (scope: OpenScope) => void
}

/** Returns the closings of all disposable managers in reverse order of registration, and of the runtime as the last. */
export function toClosings(provided: ReadonlyMap<symbol, object>): readonly Closing[] {
  const runtime = provided.get(runtimeCapability.token)
  // A set, since an object may be registered for several capabilities.
  const managers = [...new Set(provided.values())].filter((implementation) => implementation !== runtime).toReversed()
  const closings = managers.flatMap((manager) =>
    isAsyncDisposable(manager) ? [() => manager[Symbol.asyncDispose]()] : [],
  )
  return isRuntime(runtime) ? [...closings, () => runtime.close()] : closings
}

/** Whether a value can be closed as a runtime. A failed `register` may have registered any object. */
function isRuntime(value: object | undefined): value is Pick<Runtime, 'close'> {
  return value !== undefined && 'close' in value && typeof value.close === 'function'
}

function isAsyncDisposable(value: object): value is AsyncDisposable {
  return Symbol.asyncDispose in value && typeof value[Symbol.asyncDispose] === 'function'
}

function toUnresolved({ name }: { readonly name: string }, reason: string, cause?: unknown) {
  const facts = { operation: 'resolve', subject: name, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, { cause })
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const unmarked = 'its class is not marked with injectable() of @capstan/core/plugin'
