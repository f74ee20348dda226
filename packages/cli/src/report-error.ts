import { isHostError } from '@capstan/core'
import { findUndoFailures, withUndoFailures } from '@capstan/core/plugin'
import { CommanderError } from 'commander'
import { CliError, failedBuild, failureCode } from './errors/cli-error.js'
import { Interruption } from './errors/interruption.js'
import { toErrorDocument } from './render/error-document.js'
import { toErrorText } from './render/error-text.js'
import { toJsonLine } from './render/write-output.js'
import type { Io } from './terminal/io.js'
import { findColumns } from './terminal/terminal-size.js'

/** Writes the error of a command to stderr, and returns the exit status. */
export function reportError(error: unknown, options: ReportOptions): number {
  const interruption = options.interruption ?? (error instanceof Interruption ? error : undefined)
  if (interruption !== undefined) return reportInterruption(interruption, error, options)
  if (isBrokenPipe(error)) return new Interruption('SIGPIPE').exitCode
  if (error instanceof CommanderError) return reportUsage(error, options)
  const errors = flattenErrors(error)
  writeErrors(errors, options)
  return toExitCode(errors[0])
}

export interface ReportOptions {
  readonly io: Io
  /** The command, for example `capstan run`. */
  readonly command: string
  readonly debug: boolean
  /** Whether the command prints JSON; errors are then written as JSON. */
  readonly json: boolean
  /** The interruption of the command, if any. */
  readonly interruption: Interruption | undefined
  /** Returns remedies for an unknown command or option. */
  readonly suggest: (given: string) => readonly string[]
}

/** Returns the exit status for an error: 126, 127 or 1 as in docker, 128 + n for an interruption, else 125. */
function toExitCode(error: unknown): number {
  if (error instanceof Interruption || error instanceof CliError) return error.exitCode
  if (isHostError(error, 'COMMAND_NOT_STARTED')) return error.facts.exitCode
  if (isHostError(error, 'SERVICE_NOT_READY')) return 1
  return isHostError(error, 'BUILD_FAILED') || isInvalidContext(error) ? failedBuild.exitCode : failureCode
}

/** Whether a file of a build context cannot be sent: its kind or name, or a rule of .dockerignore, is invalid. */
function isInvalidContext(error: unknown): boolean {
  return isHostError(error, 'INVALID_ARGUMENT') && contextField.test(error.facts.field)
}

/** Writes only failures of the cleanup, since the interruption caused all others. */
function reportInterruption(interruption: Interruption, error: unknown, options: ReportOptions): number {
  const others = flattenErrors(error).filter((other) => other !== interruption)
  withUndoFailures(interruption, others.flatMap(findUndoFailures))
  if (findUndoFailures(interruption).length > 0) writeErrors([interruption], options)
  return toExitCode(interruption)
}

/** Writes why commander cannot parse the command line. Commander has written the help of a command group itself. */
function reportUsage({ code, message }: CommanderError, options: ReportOptions): number {
  if (code === 'commander.help') return failureCode
  const [, given] = unknownName.exec(message) ?? []
  const suggested = given === undefined ? [] : options.suggest(given)
  const remedies = [...suggested, `see \`${options.command} --help\``]
  writeErrors([new CliError(message.replaceAll(/^error: |\.$/g, ''), { remedies })], options)
  return failureCode
}

function writeErrors(errors: readonly unknown[], { io, command, debug, json }: ReportOptions): void {
  if (json && !debug) {
    io.stderr.write(toJsonLine({ errors: errors.map((error) => toErrorDocument(error, { command })) }))
    return
  }
  const width = findColumns(io.stderr)
  const texts = new Set(errors.map((error) => toErrorText(error, { command, debug, width })))
  for (const text of texts) io.stderr.write(`${text}\n`)
}

/** Whether a write failed because the reader of stdout closed it: EPIPE of a system call, not of a stream that has ended. */
function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE' && 'syscall' in error
}

/** Returns the errors in an AggregateError, or an error and the one that it suppressed, in the order of their occurrence. */
function flattenErrors(thrown: unknown): readonly unknown[] {
  if (thrown instanceof AggregateError) return thrown.errors.flatMap(flattenErrors)
  return isSuppressedError(thrown) ? [...flattenErrors(thrown.suppressed), ...flattenErrors(thrown.error)] : [thrown]
}

/** Checks the fields: Node 20 has no SuppressedError, and the compiled `await using` throws an object like it. */
function isSuppressedError(thrown: unknown): thrown is { readonly error: unknown; readonly suppressed: unknown } {
  return thrown instanceof Error && thrown.name === 'SuppressedError' && 'error' in thrown && 'suppressed' in thrown
}

const unknownName = /^error: unknown (?:command|option) '(.*)'$/

/** Matches the fields of files of a context. */
const contextField = /^context\.(directory|files)\[|^dockerignoreText$/
