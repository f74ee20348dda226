import { isHostError, type OperationOptions } from '@capstan/core'

/** False: the request may have taken effect, since its answer was never seen whole. */
export function isAnswered(error: unknown, { signal }: OperationOptions): boolean {
  return signal?.aborted !== true && isHostError(error) && !unanswered.has(error.code)
}

const unanswered: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'PROTOCOL_ERROR',
  'RUNTIME_UNAVAILABLE',
  'TIMED_OUT',
])
