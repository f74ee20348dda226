import { isHostError } from './host-error.js'
import { redactTexts } from './redact.js'

/**
 * Records failures of undoing partial work with the error that caused the undo, and returns that error. A HostError gets
 * them as further `undoFailures`; any other error is not changed. Read them with {@link findUndoFailures}.
 */
export function withUndoFailures(error: unknown, undoFailures: readonly unknown[]): unknown {
  if (undoFailures.length === 0) return error
  const all = redactTexts([...findUndoFailures(error), ...undoFailures])
  if (isHostError(error)) {
    Object.defineProperty(error, 'undoFailures', { value: all, enumerable: true, configurable: true, writable: true })
  } else if (typeof error === 'object' && error !== null) failuresOf.set(error, all)
  return error
}

/** Returns the failures of undoing the partial work of a failed or aborted call, in order. Empty if everything was undone. */
export function findUndoFailures(error: unknown): readonly unknown[] {
  if (isHostError(error)) return error.undoFailures
  return (typeof error === 'object' && error !== null && failuresOf.get(error)) || []
}

const failuresOf = new WeakMap<object, readonly unknown[]>()
