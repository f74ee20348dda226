import { type Capability, defineCapability } from './capability.js'
import type { CapabilityName } from './plugin.js'
import type { AbsentCapability, ProbeAttempt, RefusedOption } from './probe.js'

/** Plain data (JSON-safe): what `discover` and `capstan doctor --json` show of one plugin. */
export type RuntimeReport = ReportedPlugin & (AvailableRuntime | UnavailableRuntime)

/** Registered by the host in every scope: how a feature learns the reason and the remedy of what is absent. */
export const runtimeReportCapability: Capability<RuntimeReport> = defineCapability({
  id: 'runtime-report',
  title: 'runtime report',
})

/** What every report tells of its plugin. */
export interface ReportedPlugin {
  readonly runtime: string
  /** `named`: opened only when it is named (a simulation). */
  readonly selection: 'automatic' | 'named'
  /** `undefined`: the plugin does not say. */
  readonly packageName: string | undefined
  readonly packageVersion: string | undefined
  /** Candidates that did not serve, in order. */
  readonly attempts: readonly ProbeAttempt[]
}

/** What a report tells of a runtime that is here: what it claims, lacks, and cannot keep in detail. */
export interface AvailableRuntime {
  readonly available: true
  readonly version: string
  readonly endpoint: string
  readonly provides: readonly CapabilityName[]
  readonly absent: readonly AbsentCapability[]
  readonly unsupportedOptions: readonly ReportedRefusal[]
  /** For example `unverified version`, or `CLI and service differ`. */
  readonly notes: readonly string[]
}

/** A refused field, with the line of the capability that declares it. */
export interface ReportedRefusal extends RefusedOption {
  /** What the field asks for. */
  readonly description: string
}

/** What a report tells of a runtime that is not here; the attempts say why. */
export interface UnavailableRuntime {
  readonly available: false
  /** The user named this endpoint: `open` without a name goes to no other plugin. */
  readonly chosen: boolean
}
