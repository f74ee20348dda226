import { isHostError, type OperationOptions } from '@capstan/core'

/** Whether the engine answered the request completely. If not, the request may still have taken effect. */
export function isAnswered(error: unknown, { signal }: OperationOptions): boolean {
  return signal?.aborted !== true && isHostError(error) && !unanswered.has(error.code)
}

const unanswered: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'PROTOCOL_ERROR',
  'RUNTIME_UNAVAILABLE',
  'TIMED_OUT',
])
