import { type Capability, defineCapability } from './capability.js'
import type { MissingCapability, ProbeAttempt, RuntimeLocation, UnsupportedOption } from './probe.js'

/** The result of probing a plugin, as plain data for JSON: `discover` resolves with it, `capstan doctor` prints it. */
export type RuntimeReport = ReportedPlugin & (AvailableRuntime | UnavailableRuntime)

/** The key of the report of the open runtime, which the host registers in every scope. Runtimes do not provide it. */
export const runtimeReportCapability: Capability<RuntimeReport> = defineCapability({
  id: 'runtime-report',
  title: 'runtime report',
})

/** The part of a report that every plugin has. */
export interface ReportedPlugin {
  /** The name of the plugin. */
  readonly runtime: string
  /** See `RuntimePlugin.selection`. */
  readonly selection: 'automatic' | 'named'
  /** `undefined` where the plugin does not name its package. */
  readonly packageName: string | undefined
  readonly packageVersion: string | undefined
  /** The candidates that were tried and failed, in order. */
  readonly attempts: readonly ProbeAttempt[]
}

/** The part of a report about a runtime that is available. See `ProbeResult`. */
export interface AvailableRuntime {
  readonly available: true
  readonly version: string
  readonly endpoint: string
  /** Where its containers run. `undefined` where the plugin does not tell. */
  readonly location: RuntimeLocation | undefined
  readonly provides: readonly ReportedCapability[]
  readonly absent: readonly MissingCapability[]
  readonly unsupportedOptions: readonly ReportedOption[]
  /** Remarks for display, such as `unverified version`. */
  readonly notes: readonly string[]
}

/** A capability in a report. */
export type ReportedCapability = Pick<Capability<object>, 'id' | 'title'>

/** An option that the runtime does not support, with its description. */
export interface ReportedOption extends UnsupportedOption {
  /** What the option requests, as its capability declares it. */
  readonly description: string
}

/** The part of a report about a runtime that is not available. `attempts` has the causes. */
export interface UnavailableRuntime {
  readonly available: false
  /** Whether the user named this endpoint, so that `open` without a name opens no other runtime. */
  readonly chosen: boolean
}
