import { isHostError, type OperationOptions } from '@capstan/core'
import { EngineAnswerError } from './transport/engine-answer-error.js'

/** What the engine said when it refused with a status; `undefined` for every other failure, such as a lost connection. */
export function toEngineText(error: unknown): string | undefined {
  return isHostError(error) && error.cause instanceof EngineAnswerError ? error.cause.text : undefined
}

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
