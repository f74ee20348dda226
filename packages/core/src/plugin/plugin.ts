import type { Capability } from '../capability.js'
import type { RegistrationScope } from '../scope.js'
import type { ProbeOptions, ProbeResult } from './probe.js'

/** `details` of one plugin are its own business: the host hands back what the probe gave. */
export interface RuntimePlugin<P = unknown> {
  /** Lower case: letters, digits, `-`. Unique in a host. */
  readonly name: string
  readonly contractVersion: 1
  /** Named in PLUGIN_* errors; `loadPlugins` fills them for a plugin that leaves them out. */
  readonly packageName?: string
  readonly packageVersion?: string
  /** For probes that need longer than the host's limit (ssh, a VM shell). */
  readonly probeTimeoutMs?: number
  /** `named`: never opened unless named (a simulation). Default `automatic`. */
  readonly selection?: 'automatic' | 'named'
  /** Looks, with I/O; keeps the deadline; answers with a value either way; closes what it opened. */
  probe(options: ProbeOptions): Promise<ProbeResult<P>>
  /** Wires, without I/O: provides exactly what the probe claimed. */
  register(scope: RegistrationScope, details: P): void
}

/** A capability by its names, as reports carry it. */
export type CapabilityName = Pick<Capability<object>, 'id' | 'title'>
