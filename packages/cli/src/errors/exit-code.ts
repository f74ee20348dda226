import { isHostError } from '@capstan/core'
import { CliError, failedBuild, failureCode } from './cli-error.js'
import { Interruption } from './interruption.js'

/** Returns the exit status for an error: 126, 127 or 1 as in docker, 128 + n for an interruption, else 125. */
export function toExitCode(error: unknown): number {
  if (error instanceof Interruption || error instanceof CliError) return error.exitCode
  if (isHostError(error, 'COMMAND_NOT_STARTED')) return error.facts.exitCode
  if (isHostError(error, 'SERVICE_NOT_READY')) return 1
  return isHostError(error, 'BUILD_FAILED') || isInvalidContext(error) ? failedBuild.exitCode : failureCode
}

/** Whether a file of a build context cannot be sent: its kind or name, or a rule of .dockerignore, is invalid. */
function isInvalidContext(error: unknown): boolean {
  return isHostError(error, 'INVALID_ARGUMENT') && contextField.test(error.facts.field)
}

const contextField = /^context\.(directory|files)\[|^dockerignoreText$/
