import { isHostError, type OperationOptions } from '@capstan/core'

/**
 * Whether this error tells that the request had no effect. False after an abort, a lost connection, an incomplete
 * answer, a time-out and a close: then the request may have taken effect.
 */
export function hasKnownOutcome(error: unknown, { signal }: OperationOptions): boolean {
  return signal?.aborted !== true && isHostError(error) && !unanswered.has(error.code)
}

const unanswered: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'PROTOCOL_ERROR',
  'RUNTIME_UNAVAILABLE',
  'TIMED_OUT',
])
