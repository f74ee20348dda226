import { isHostError } from '@capstan/core'
import { Interruption } from './interruption.js'

/** Returns the exit status for an error: 126, 127 or 1 as in docker, 128 + n for an interruption, else 125. */
export function toExitCode(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode
  if (isHostError(error, 'COMMAND_NOT_STARTED')) return error.facts.exitCode
  if (isHostError(error, 'SERVICE_NOT_READY') || isHostError(error, 'BUILD_FAILED')) return 1
  return failureCode
}

/** The exit status of a failure of Capstan itself. As in docker, it is unlikely to be the exit code of a container. */
export const failureCode = 125
