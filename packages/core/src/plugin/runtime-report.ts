import { type Capability, defineCapability } from '../capability.js'
import type { CapabilityName } from './plugin.js'
import type { AbsentCapability, ProbeAttempt, RefusedOption } from './probe.js'

/** Plain data (JSON-safe): what `discover` and `capstan doctor --json` show of one plugin. `notes`: 'unverified version', 'CLI and service differ'. */
export type RuntimeReport = ReportedPlugin & (AvailableRuntime | UnavailableRuntime)

/** Registered by the host in every scope: how a feature learns the reason and the remedy of what is absent. */
export const runtimeReportCapability: Capability<RuntimeReport> = defineCapability({
  id: 'runtime-report',
  title: 'runtime report',
})

export interface ReportedPlugin {
  readonly runtime: string
  /** `named`: opened only when it is named (a simulation). */
  readonly selection: 'automatic' | 'named'
  readonly packageName: string | undefined
  readonly packageVersion: string | undefined
  /** Candidates that did not serve, in order. */
  readonly attempts: readonly ProbeAttempt[]
}

export interface AvailableRuntime {
  readonly available: true
  readonly version: string
  readonly endpoint: string
  readonly provides: readonly CapabilityName[]
  readonly absent: readonly AbsentCapability[]
  readonly refuses: readonly RefusedOption[]
  readonly notes: readonly string[]
}

export interface UnavailableRuntime {
  readonly available: false
  /** The user named this endpoint. */
  readonly chosen: boolean
}
