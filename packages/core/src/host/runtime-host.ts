import type { Capability } from '../capability.js'
import type { OperationOptions } from '../operation.js'
import type { SweepOptions, SweepReport } from '../ownership/sweep-report.js'
import type { RuntimePlugin } from '../plugin/plugin.js'
import type { RefusableField } from '../plugin/probe.js'
import type { RuntimeReport } from '../plugin/runtime-report.js'
import type { Runtime } from '../runtime.js'
import type { CapabilityScope } from '../scope.js'

/** Finds runtimes, opens them, and closes what it opened, in reverse. */
export interface RuntimeHost extends AsyncDisposable {
  /** One report per plugin, in order; never rejects for a plugin's fault. */
  discover(options?: OperationOptions): Promise<readonly RuntimeReport[]>
  /** None usable: RUNTIME_UNAVAILABLE. Usable ones that all lack something required: CAPABILITY_MISSING. Unknown name: PLUGIN_UNKNOWN. */
  open(options?: OpenOptions): Promise<RuntimeScope>
  /** Sweeps every runtime that is available here: the crash may have been on another one. */
  sweep(options?: SweepOptions): Promise<readonly SweepReport[]>
}

export interface HostOptions {
  readonly plugins: readonly RuntimePlugin[]
  /** Read instead of `process.env`: CAPSTAN_RUNTIME, and what the plugins look at. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Limit of one probe; default 2000. */
  readonly probeTimeoutMs?: number
  /** Facts that are no errors. Default: nobody is told. */
  readonly onWarning?: (warning: RuntimeWarning) => void
}

export interface RuntimeWarning {
  readonly runtime: string
  readonly message: string
}

/** Without `runtime` and CAPSTAN_RUNTIME: the first automatic plugin, in order, that provides all of `requires` and refuses none of `keeps`. */
export interface OpenOptions extends OperationOptions {
  readonly runtime?: string
  readonly requires?: readonly Capability<object>[]
  readonly keeps?: readonly RefusableField[]
}

/** One open runtime. Disposing is idempotent. */
export interface RuntimeScope extends CapabilityScope, AsyncDisposable {
  readonly runtime: Runtime
  readonly report: RuntimeReport
  /** Of the other plugins that this `open` probed; none when one was named. */
  readonly otherReports: readonly RuntimeReport[]
  /** An instance of the feature, its managers injected from this scope. */
  resolve<F extends object>(feature: new (...parameters: never[]) => F): F
  sweep(options?: SweepOptions): Promise<SweepReport>
}
