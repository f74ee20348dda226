import type { OperationOptions } from './operation.js'
import type { RuntimeReport } from './runtime-report.js'

/** Options of `sweep`. */
export interface SweepOptions extends OperationOptions {
  /** Reports the objects whose removal would be tried, and removes nothing. Default false. */
  readonly dryRun?: boolean
  /**
   * Considers only objects of this application, by the label `capstan.app`. `null`: considers objects of all applications
   * and of hosts without one. Default: `app` of the host, else `null`.
   */
  readonly app?: string | null
}

/** An object in a sweep report. */
export interface SweepItem {
  readonly kind: 'service' | 'container' | 'secret' | 'config' | 'network' | 'volume' | 'image'
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
  /** The removed objects. With `dryRun`, those whose removal would be tried; some of them may be in use and be kept. */
  readonly removed: readonly SweepItem[]
  /**
   * Objects of ended owners that are in use, leases of ended owners that are running or whose state is unknown, and objects of
   * owners whose state cannot be determined, each with the reason. Persistent objects and objects of running owners are in no list.
   */
  readonly kept: readonly (SweepItem & { readonly reason: string })[]
  /** Objects whose removal failed. */
  readonly failed: readonly (SweepItem & { readonly error: unknown })[]
}
