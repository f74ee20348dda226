import type { OperationOptions } from '../operation.js'

export interface SweepOptions extends OperationOptions {
  /** Reports what would be removed, and removes nothing. Default false. */
  readonly dryRun?: boolean
}

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
  readonly removed: readonly SweepItem[]
  /** Left: its owner may be alive where this process cannot see. */
  readonly undecidable: readonly (SweepItem & { readonly reason: string })[]
  readonly failed: readonly (SweepItem & { readonly error: unknown })[]
}
