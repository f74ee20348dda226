import { isHostError } from '@capstan/core'
import { EngineAnswerError } from './engine-answer-error.js'

/** What the engine said when it refused with a status; `undefined` for every other failure, such as a lost connection. */
export function toEngineText(error: unknown): string | undefined {
  return isHostError(error) && error.cause instanceof EngineAnswerError ? error.cause.text : undefined
}

/** Why something failed, in the engine's own words where there are any. */
export function toReason(error: unknown): string {
  return toEngineText(error) ?? (error instanceof Error ? error.message : String(error))
}
