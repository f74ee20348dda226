import { isHostError } from './host-error.js'
import { redactTexts } from './redact.js'

/**
 * Returns the first failure, and records what went wrong while its partial work was undone: see {@link findUndoFailures}.
 *
 * A HostError gets them as `undoFailures`. Any other error, such as the reason of an abort, is left unchanged.
 */
export function withUndoFailures(error: unknown, undoFailures: readonly unknown[]): unknown {
  if (undoFailures.length === 0) return error
  const all = redactTexts([...findUndoFailures(error), ...undoFailures])
  if (isHostError(error)) {
    Object.defineProperty(error, 'undoFailures', { value: all, enumerable: true, configurable: true, writable: true })
  } else if (typeof error === 'object' && error !== null) failuresOf.set(error, all)
  return error
}

/** What went wrong while the partial work of a failed or aborted call was undone, in order; empty when that worked. */
export function findUndoFailures(error: unknown): readonly unknown[] {
  if (isHostError(error)) return error.undoFailures
  return (typeof error === 'object' && error !== null && failuresOf.get(error)) || []
}

const failuresOf = new WeakMap<object, readonly unknown[]>()
