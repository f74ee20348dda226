import type { OperationOptions } from '../operation.js'

/** Options of a sweep. */
export interface SweepOptions extends OperationOptions {
  /** Reports what would be removed, and removes nothing. Default false. */
  readonly dryRun?: boolean
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
  /** With `dryRun`: what would be removed. */
  readonly removed: readonly SweepItem[]
  /** Left: its owner may be alive where this process cannot see, or someone still uses it. */
  readonly undecidable: readonly (SweepItem & { readonly reason: string })[]
  /** Could not be removed; the sweep went on. */
  readonly failed: readonly (SweepItem & { readonly error: unknown })[]
}
