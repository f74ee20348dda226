import type { Owner } from '../contract/owner.js'
import { type Runtime, runtimeCapability } from '../contract/runtime.js'
import type { RuntimeScope } from '../contract/runtime-host.js'
import { resolveFeature } from '../feature/injectable.js'
import { sweepRuntime } from '../ownership/sweep.js'
import { validateSweepOptions } from '../validation/operations.js'
import { type CloseFunction, closeAll } from './close-all.js'

/** Creates the scope of an open runtime. */
export function createRuntimeScope({ owner, provided, onClosed, ...parts }: RuntimeScopeParts): RuntimeScope {
  const runtimeName = parts.report.runtime
  let closed: Promise<void> | undefined
  const close = async () => {
    try {
      await closeAll(listCloseFunctions(provided), `closing runtime "${runtimeName}"`)
    } finally {
      onClosed() // only at the end, so that closing the host in the meantime waits for this scope
    }
  }
  return {
    ...parts,
    runtimeName,
    resolve: (feature) => resolveFeature(parts.container, feature),
    async sweep(options = {}) {
      validateSweepOptions(options)
      return await sweepRuntime({ ...parts, runtimeName }, owner, options)
    },
    [Symbol.asyncDispose]() {
      closed ??= close()
      return closed
    },
  }
}

/** The parts of the scope of an open runtime. */
export interface RuntimeScopeParts extends Pick<RuntimeScope, 'container' | 'runtime' | 'report' | 'otherReports'> {
  readonly owner: Owner
  /** All that the plugin registered, by token, in order of registration. */
  readonly provided: ReadonlyMap<symbol, object>
  readonly onClosed: () => void
}

/** Returns functions that close all disposable managers, in reverse order of registration, and then the runtime. */
export function listCloseFunctions(provided: ReadonlyMap<symbol, object>): readonly CloseFunction[] {
  const runtime = provided.get(runtimeCapability.token)
  // A set, since an object may be registered for several capabilities.
  const managers = [...new Set(provided.values())].filter((implementation) => implementation !== runtime).toReversed()
  const closeManagers = managers.filter(isAsyncDisposable).map((manager) => () => manager[Symbol.asyncDispose]())
  return isRuntime(runtime) ? [...closeManagers, () => runtime.close()] : closeManagers
}

/** Whether a value can be closed as a runtime. A failed `register` may have registered any object. */
function isRuntime(value: object | undefined): value is Pick<Runtime, 'close'> {
  return value !== undefined && 'close' in value && typeof value.close === 'function'
}

function isAsyncDisposable(value: object): value is AsyncDisposable {
  return Symbol.asyncDispose in value && typeof value[Symbol.asyncDispose] === 'function'
}
