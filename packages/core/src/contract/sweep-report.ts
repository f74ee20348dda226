import type { OperationOptions } from './operation.js'
import type { ProbeAttempt } from './probe.js'

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
  /**
   * Why the runtime was not swept: its probe failed, so that its objects are not known and the lists below are empty.
   * Absent if it was swept.
   */
  readonly unavailable?: SweepObstacle
  /** The removed objects; with `dryRun` those that would be removed. */
  readonly removed: readonly SweepItem[]
  /** Objects that were kept because they are in use or their state cannot be determined, each with the reason. */
  readonly kept: readonly (SweepItem & { readonly reason: string })[]
  /** Objects whose removal failed. */
  readonly failed: readonly (SweepItem & { readonly error: unknown })[]
}

/** Why a runtime could not be swept: the failed attempts of its probe. */
export interface SweepObstacle {
  /** Whether the user named this endpoint. */
  readonly chosen: boolean
  readonly attempts: readonly ProbeAttempt[]
}
