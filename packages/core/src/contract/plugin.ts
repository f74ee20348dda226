import type { Capability } from './capability.js'
import type { ProbeOptions, ProbeResult } from './probe.js'
import type { RegistrationScope } from './scope.js'

/**
 * The registration of a runtime: a value that an application passes to its host. Making one does no I/O.
 *
 * `details` of one plugin are its own business: the host hands back what the probe gave, each time once.
 */
export interface RuntimePlugin<P = unknown> {
  /** Lower case: letters, digits, `-`. Unique in a host. */
  readonly name: string
  /** Another one is PLUGIN_INVALID. */
  readonly contractVersion: 1
  /** Named, with the version, in PLUGIN_* errors; `loadPlugins` fills in both for a plugin that leaves them out. */
  readonly packageName?: string
  readonly packageVersion?: string
  /** The limit of one probe where the host sets none, in milliseconds. Default: the probe's own, at most 30 000. */
  readonly probeTimeoutMs?: number
  /** `named`: never opened unless named (a simulation). Default `automatic`. */
  readonly selection?: 'automatic' | 'named'
  /**
   * Tells from the environment and the plugin's own options whether the user named the endpoint: `open` without a name
   * then opens no other runtime in its place, however the probe fails, and also when it never answers.
   *
   * Synchronous and without I/O; throws nothing. Without this method only the `chosen` of an answer counts.
   */
  isChosen?(env: ProbeOptions['env']): boolean
  /**
   * Looks, with I/O; keeps the deadline; answers with a value either way; closes what it opened.
   *
   * When `signal` aborts, also before the call, it rejects with the reason of the signal itself, at once, and closes what it
   * opened. That is the one rejection that is not a fault of the plugin.
   *
   * Throwing, or answering a second or more past the deadline, is an attempt with step `probe`; the other plugins are
   * unharmed. A candidate that accepts the connection and does not answer in time is an attempt with `cause.code`
   * TIMED_OUT, and `raiseLimitRemedy` as its remedy.
   */
  probe(options: ProbeOptions): Promise<ProbeResult<P>>
  /**
   * Wires, without I/O and synchronously: provides exactly what the probe claimed, each an object, once.
   *
   * The probe may be a second old: `details` carry facts, not open sockets. Else, and when it throws: PLUGIN_INVALID or
   * CAPABILITY_DUPLICATE, and what it had provided by then is closed.
   */
  register(scope: RegistrationScope, details: P): void
}

/** A capability by its names, as reports carry it. */
export type CapabilityName = Pick<Capability<object>, 'id' | 'title'>
