import type { Capability } from '../capability.js'
import type { RegistrationScope } from '../scope.js'
import type { ProbeOptions, ProbeResult } from './probe.js'

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
  /** For probes that need longer than the host's limit (ssh, a VM shell). Default: the host's `probeTimeoutMs`. */
  readonly probeTimeoutMs?: number
  /** `named`: never opened unless named (a simulation). Default `automatic`. */
  readonly selection?: 'automatic' | 'named'
  /**
   * Looks, with I/O; keeps the deadline; answers with a value either way; closes what it opened.
   *
   * Throwing, or answering later than 300 ms past the deadline, is an attempt with step `probe`; the other plugins are
   * unharmed.
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
