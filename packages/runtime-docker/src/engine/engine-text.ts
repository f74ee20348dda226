import { isHostError } from '@capstan/core'
import { EngineAnswerError } from './engine-answer-error.js'

/** The error message of the engine; `undefined` for any failure without an answer, such as a lost connection. */
export function toEngineText(error: unknown): string | undefined {
  return isHostError(error) && error.cause instanceof EngineAnswerError ? error.cause.text : undefined
}

/** The reason of a failure: the message of the engine, or else that of the error. */
export function toReason(error: unknown): string {
  return toEngineText(error) ?? (error instanceof Error ? error.message : String(error))
}
