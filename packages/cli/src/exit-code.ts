import { isHostError } from '@capstan/core'
import { failureCode } from './failure-code.js'
import { Interruption } from './terminal/interruption.js'

/** What the process ends with for this error: 126 or 127 as docker has them, 128 + n when interrupted, else 125. */
export function toExitCode(error: unknown): number {
  if (error instanceof Interruption) return error.exitCode
  if (isHostError(error, 'COMMAND_NOT_STARTED')) return error.facts.exitCode
  return failureCode
}

/** A promise of the contract is not kept. */
export const brokenPromiseCode = 1

/** The plugin that is tried threw where nothing could catch it, left a rejection unhandled, or called `process.exit`. */
export const crashedPluginCode = 3
