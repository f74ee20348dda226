import type { Capability } from './capability.js'
import type { Environment } from './environment.js'
import type { OperationOptions } from './operation.js'
import type { RuntimePlugin } from './plugin.js'
import type { OptionName } from './probe.js'
import type { Runtime } from './runtime.js'
import type { RuntimeReport } from './runtime-report.js'
import type { CapabilityScope } from './scope.js'
import type { SweepOptions, SweepReport } from './sweep-report.js'

/**
 * Finds, opens and closes runtimes.
 *
 * Disposing aborts running calls and closes the open scopes in reverse order of opening. If closing fails, it rejects with an
 * AggregateError of all failures. It is idempotent. Aborted calls, and calls after it, reject with RUNTIME_UNAVAILABLE.
 */
export interface RuntimeHost extends AsyncDisposable {
  /** Probes all plugins and resolves with a report for each, in order. Never rejects because of a plugin. */
  discover(options?: OperationOptions): Promise<readonly RuntimeReport[]>
  /**
   * Opens a runtime: the one that `runtime` or CAPSTAN_RUNTIME names, else the first plugin in order that meets the options.
   *
   * If the user named the endpoint of a plugin and that runtime is not available, `open` without a name opens no other one. An
   * available runtime that `discover` of this host found at most 1000 ms before is opened without another probe; each result
   * of `discover` is used for one `open` only.
   *
   * When a runtime has been selected, `open` waits at most 2 s for the reports of later plugins. It waits in full for a
   * plugin without `isChosen` and for one whose `isChosen` returned true.
   *
   * @throws HostError RUNTIME_UNAVAILABLE when no runtime is available, or not the requested one; an attempt with
   * `cause.code` TIMED_OUT means that an engine did not answer in time, not that it is absent. CAPABILITY_MISSING when no
   * available runtime, or not the requested one, provides all of `requires`. OPTION_UNSUPPORTED when none of those that do,
   * or not the requested one, supports all of `requiredOptions`. PLUGIN_UNKNOWN when no plugin has the name. PLUGIN_INVALID,
   * PLUGIN_DUPLICATE and CAPABILITY_DUPLICATE when the plugin is invalid; what it registered is closed. INVALID_ARGUMENT for an
   * unknown option.
   */
  open(options?: OpenOptions): Promise<RuntimeScope>
  /**
   * Removes objects whose owner has ended from every available automatic runtime.
   *
   * An unavailable runtime is reported with `unavailable` if the user named its endpoint, or if its probe failed for
   * another reason than that it is not installed or not running (no answer, no permission, an invalid plugin). Others are
   * omitted. If a runtime fails, the others are swept first; then the call rejects with the failure, or an AggregateError
   * of several.
   *
   * @throws HostError INVALID_ARGUMENT for invalid options
   */
  sweep(options?: SweepOptions): Promise<readonly SweepReport[]>
}

/** Options of `createRuntimeHost`. */
export interface HostOptions {
  /** The plugins, in the order in which `open` prefers them. */
  readonly plugins: readonly RuntimePlugin[]
  /**
   * The name of the application: at most 63 letters, digits, `.`, `_` or `-`, beginning with a letter or digit. The objects
   * of this host get it as the label `capstan.app`, and its sweeps consider only objects with that label. Default: none;
   * sweeps consider all objects.
   */
  readonly app?: string
  /** The environment of the host, its runtimes and the programs that they start. Default: `process.env`. */
  readonly env?: Environment
  /**
   * Limit of each probe in milliseconds. Default: CAPSTAN_PROBE_TIMEOUT (in seconds), else `probeTimeoutMs` of the
   * plugin, else a limit that the probe chooses: see `ProbeOptions`.
   */
  readonly probeTimeoutMs?: number
  /** Called for warnings of the host and its runtimes. Default: warnings are discarded. */
  readonly onWarning?: (warning: RuntimeWarning) => void
}

/** A warning about a runtime. */
export interface RuntimeWarning {
  readonly runtime: string
  readonly message: string
}

/** Options of `open`. */
export interface OpenOptions extends OperationOptions {
  /**
   * The name of the plugin to open. Default: CAPSTAN_RUNTIME, else the first plugin in order that meets the options.
   */
  readonly runtime?: string
  /** Capabilities that the runtime must provide, as an array or an object such as `Feature.needs.required`. Default: none. */
  readonly requires?: readonly Capability<object>[] | Readonly<Record<string, Capability<object>>>
  /** Options that the runtime must support, which includes that it provides their capabilities. Default: none. */
  readonly requiredOptions?: readonly OptionName[]
}

/**
 * An open runtime.
 *
 * Disposing closes the managers in reverse order of registration, then the runtime, and does not stop containers. It is
 * idempotent. If closing fails, it rejects with an AggregateError of all failures.
 */
export interface RuntimeScope extends CapabilityScope, AsyncDisposable {
  readonly runtime: Runtime
  readonly report: RuntimeReport
  /** The reports of the other plugins that `open` probed. Empty if the runtime was opened by name. */
  readonly otherReports: readonly RuntimeReport[]
  /**
   * Creates an instance of a feature with the managers of this scope.
   *
   * @throws HostError OPERATION_FAILED when the class has parameters and is not marked with `injectable()`, or is marked by
   * another copy of core, or its constructor throws
   */
  resolve<F extends object>(feature: new (...parameters: never[]) => F): F
  /** Removes objects whose owner has ended from this runtime: see `RuntimeHost.sweep`. */
  sweep(options?: SweepOptions): Promise<SweepReport>
}
