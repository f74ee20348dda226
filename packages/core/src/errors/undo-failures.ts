import { isHostError } from './host-error.js'

/** The first failure as it was, knowing also what went wrong while its partial work was undone. */
export function withUndoFailures(error: unknown, undoFailures: readonly unknown[]): unknown {
  if (undoFailures.length === 0 || !isHostError(error)) return error
  const all = [...error.undoFailures, ...undoFailures]
  Object.defineProperty(error, 'undoFailures', { value: all, enumerable: true, configurable: true, writable: true })
  return error
}
