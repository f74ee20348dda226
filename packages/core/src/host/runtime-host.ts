import type { Capability } from '../contract/capability.js'
import type { Environment } from '../contract/environment.js'
import type { OperationOptions } from '../contract/operation.js'
import type { RuntimePlugin } from '../contract/plugin.js'
import type { RefusableField } from '../contract/probe.js'
import type { Runtime } from '../contract/runtime.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { CapabilityScope } from '../contract/scope.js'
import type { SweepOptions, SweepReport } from '../contract/sweep-report.js'

/**
 * Finds runtimes, opens them, and closes what it opened.
 *
 * Disposing ends what is under way, closes the open scopes in reverse of opening, and rejects with one AggregateError of
 * what failed. It is idempotent. What it ends, and what is called later, is RUNTIME_UNAVAILABLE.
 */
export interface RuntimeHost extends AsyncDisposable {
  /** One report per plugin, in order; always probes; never rejects for a plugin's fault. */
  discover(options?: OperationOptions): Promise<readonly RuntimeReport[]>
  /**
   * Opens the runtime that is named by `runtime`, else by CAPSTAN_RUNTIME: no other is tried. Else the first that fits.
   *
   * What `discover` of this host found available at most 1000 ms before is used once instead of a probe of its own; so a
   * change of the environment or the end of an engine within that time shows at the first call only, or by a host anew.
   *
   * A plugin later in the order that does not answer delays this by at most 2 s. Exceptions are a plugin whose endpoint was
   * named, and a plugin without `isChosen`: their answers are always waited for.
   *
   * @throws HostError RUNTIME_UNAVAILABLE: none is usable, or one whose endpoint the user named is not; an attempt with
   * `cause.code` TIMED_OUT means that it did not answer in time, and not that it is absent.
   * CAPABILITY_MISSING: the usable ones all lack something required. OPTION_UNSUPPORTED: each of the others does
   * not support a field of `requiredOptions`. PLUGIN_UNKNOWN: no plugin has that name. PLUGIN_INVALID, PLUGIN_DUPLICATE,
   * CAPABILITY_DUPLICATE: the plugin has a fault; what it had registered is closed.
   */
  open(options?: OpenOptions): Promise<RuntimeScope>
  /**
   * Sweeps every automatic runtime that is available here: the crash may have been on another one.
   *
   * A runtime whose probe fails (no answer, no permission, a faulty plugin, an endpoint that the user named) is reported
   * with `unavailable`; a runtime that is not installed or not running is left out. A runtime whose sweep fails leaves the
   * others swept; then the failure is thrown, several in an AggregateError. Bad options: INVALID_ARGUMENT.
   */
  sweep(options?: SweepOptions): Promise<readonly SweepReport[]>
}

/** Options of `createRuntimeHost`. */
export interface HostOptions {
  /** In the order in which `open` prefers them. */
  readonly plugins: readonly RuntimePlugin[]
  /**
   * Name of the application. Everything that this host makes carries it as the label `capstan.app`, and by default its
   * sweeps look at nothing else. At most 63 letters, digits, `.`, `_` or `-`. Default: no name, and sweeps look at
   * everything that was made through Capstan.
   */
  readonly app?: string
  /**
   * The environment of the host, of its runtimes and of the programs that they start: CAPSTAN_RUNTIME,
   * CAPSTAN_PROBE_TIMEOUT, DOCKER_HOST, PATH, HOME, credentials. Default: `process.env`, which is not read when another
   * environment is given.
   */
  readonly env?: Environment
  /**
   * Limit of each probe, in milliseconds; it also replaces the plugin's own. Default: CAPSTAN_PROBE_TIMEOUT (seconds), else
   * the plugin's `probeTimeoutMs`, else what the probe chooses by the endpoint: 10 s for a socket of this machine that
   * accepts the connection, 30 s for another machine or a command. An absent endpoint is reported at once, whatever the limit.
   */
  readonly probeTimeoutMs?: number
  /** Facts that are no errors. Default: they are dropped. */
  readonly onWarning?: (warning: RuntimeWarning) => void
}

/** What a runtime has to say that is no error. */
export interface RuntimeWarning {
  readonly runtime: string
  readonly message: string
}

/** Options of `open`. */
export interface OpenOptions extends OperationOptions {
  /**
   * The name of the plugin, and no other is tried. Default: CAPSTAN_RUNTIME, else the first automatic plugin, in order,
   * that is available, provides all of `requires` and supports all of `requiredOptions`.
   */
  readonly runtime?: string
  /** Capabilities that it must provide, as a list or by name as in `Feature.needs.required`. Default: none but the runtime itself. */
  readonly requires?: readonly Capability<object>[] | Readonly<Record<string, Capability<object>>>
  /** Refusable fields that it must support: it provides their capabilities and does not refuse them. Default: none. */
  readonly requiredOptions?: readonly RefusableField[]
}

/**
 * One open runtime.
 *
 * Disposing is idempotent: it closes what the plugin provided in reverse, the runtime last, and rejects with one
 * AggregateError of what failed. It stops no container.
 */
export interface RuntimeScope extends CapabilityScope, AsyncDisposable {
  readonly runtime: Runtime
  readonly report: RuntimeReport
  /** Of the other plugins that this `open` probed; none when one was named. */
  readonly otherReports: readonly RuntimeReport[]
  /**
   * A new instance of the feature, its managers injected from this scope.
   *
   * @throws HostError OPERATION_FAILED: the class has parameters and is not marked with `injectable()`, or it is marked by
   * another copy of core, or asks for what this scope does not have.
   */
  resolve<F extends object>(feature: new (...parameters: never[]) => F): F
  /** Removes what dead owners left on this runtime; reports what cannot be decided or removed. Bad options: INVALID_ARGUMENT. */
  sweep(options?: SweepOptions): Promise<SweepReport>
}
