import type { ProbeOptions, ProbeResult } from './probe.js'
import type { RegistrationScope } from './scope.js'

/**
 * Finds a runtime and registers it in a scope. An application passes plugins to `createRuntimeHost`. Creating a plugin does
 * no I/O.
 *
 * `P` is the type of the `details` that the host passes from `probe` to `register`, unchanged. The details of one probe
 * are passed to at most one `register`.
 */
export interface RuntimePlugin<P = unknown> {
  /** Lower-case letters, digits and `-`, beginning with a letter. Must be unique in a host. */
  readonly name: string
  /** The version of this contract. Any other value makes the plugin PLUGIN_INVALID. */
  readonly contractVersion: 1
  /** The package, for error messages and reports. `loadPlugins` sets both fields where the plugin does not. */
  readonly packageName?: string
  readonly packageVersion?: string
  /** Limit of a probe in milliseconds, where the host sets none. Default: the limit of the probe itself, at most 30 000. */
  readonly probeTimeoutMs?: number
  /** `named`: the runtime is a simulation, and is opened only by its name. Default `automatic`. */
  readonly selection?: 'automatic' | 'named'
  /**
   * Returns whether the environment or the plugin's options name the endpoint explicitly, as DOCKER_HOST does. If so, `open`
   * without a name opens no other runtime when this one is not available, also when its probe fails or does not answer.
   *
   * Must be synchronous, without I/O, and must not throw. Unless it returns true, `chosen` of the probe's result decides.
   */
  isChosen?(env: ProbeOptions['env']): boolean
  /**
   * Looks for the engine and determines what it supports. Resolves with a result whether or not the runtime is available,
   * within the time limit, and closes all connections that it opened.
   *
   * When `signal` aborts, or has aborted before the call, the probe must reject with its reason immediately. Any other
   * rejection is reported as an attempt with step `probe`, and so is a result that is late by more than a second, or by
   * more than the limit plus 100 ms if that is less.
   *
   * A candidate that accepts the connection and does not answer in time must be reported as an attempt with `cause.code`
   * TIMED_OUT and the remedy `probeTimeoutRemedy`.
   */
  probe(options: ProbeOptions): Promise<ProbeResult<P>>
  /**
   * Provides the runtime and its managers in a scope, by `scope.provide`: exactly the capabilities that the probe listed in
   * `provides`, each once. Must be synchronous and without I/O. `details` may be a second old, so they must not contain open
   * connections.
   *
   * If it throws or provides other capabilities, `open` rejects with PLUGIN_INVALID or CAPABILITY_DUPLICATE, and what was
   * provided until then is closed.
   */
  register(scope: RegistrationScope, details: P): void
}
