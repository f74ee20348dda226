import type { OperationOptions } from './operation.js'
import type { RuntimeReport } from './runtime-report.js'

/** Options of `sweep`. */
export interface SweepOptions extends OperationOptions {
  /** Reports what would be removed without removing it. Default false. */
  readonly dryRun?: boolean
  /**
   * Considers only objects of this application, by the label `capstan.app`. `null`: considers objects of all applications
   * and of hosts without one. Default: `app` of the host, else `null`.
   */
  readonly app?: string | null
}

/** An object in a sweep report. */
export interface SweepItem {
  readonly kind: 'container' | 'network' | 'volume' | 'image'
  readonly id: string
  readonly name: string
  /** The owner for display: its instance and process. */
  readonly owner: string
}

/** The result of a sweep on one runtime. */
export interface SweepReport {
  readonly runtime: string
  /** The failed probe of a runtime that was not swept, so that the lists below are empty. Absent if it was swept. */
  readonly unavailable?: Pick<Extract<RuntimeReport, { available: false }>, 'chosen' | 'attempts'>
  /** The removed objects; with `dryRun` those that would be removed. */
  readonly removed: readonly SweepItem[]
  /** Objects that were kept because they are in use or their state cannot be determined, each with the reason. */
  readonly kept: readonly (SweepItem & { readonly reason: string })[]
  /** Objects whose removal failed. */
  readonly failed: readonly (SweepItem & { readonly error: unknown })[]
}
