import type { OperationOptions } from './operation.js'
import type { ProbeAttempt } from './probe.js'

/** Options of a sweep. */
export interface SweepOptions extends OperationOptions {
  /** Reports what would be removed, and removes nothing. Default false. */
  readonly dryRun?: boolean
  /**
   * Looks only at what the application of this name made, by the label `capstan.app`; `null`: at what any application
   * made, and what was made without a name. Default: the `app` that the host was created with, else `null`.
   */
  readonly app?: string | null
}

/** One thing that a sweep looked at. */
export interface SweepItem {
  readonly kind: 'container' | 'network' | 'volume' | 'image'
  readonly id: string
  readonly name: string
  /** The owner in words: instance and process. */
  readonly owner: string
}

/** What one sweep did on one runtime. A second sweep finds nothing to remove. */
export interface SweepReport {
  readonly runtime: string
  /**
   * Why the runtime was not swept: its probe failed, so its objects are not known, and the lists below are empty.
   * Absent when it was swept.
   */
  readonly unavailable?: SweepObstacle
  /** With `dryRun`: what would be removed. */
  readonly removed: readonly SweepItem[]
  /** Left: its owner may be alive where this process cannot see, or someone still uses it. */
  readonly undecidable: readonly (SweepItem & { readonly reason: string })[]
  /** Could not be removed; the sweep went on. */
  readonly failed: readonly (SweepItem & { readonly error: unknown })[]
}

/** Why a runtime could not be swept: what its probe tells. Plain data. */
export interface SweepObstacle {
  /** The user named this endpoint. */
  readonly chosen: boolean
  readonly attempts: readonly ProbeAttempt[]
}
