import type { Readable } from 'node:stream'
import { type ExecProcess, fileTransferCapability } from '@capstan/core'
import { createHostError, type StreamCall } from '@capstan/core/plugin'
import { isCliFailure, toErrorText, toNotStartedCode } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { CliResult } from '../cli/apple-cli.js'
import { findStoppedState, startExec } from './start-exec.js'

/** @throws HostError CONTAINER_NOT_FOUND; OPTION_UNSUPPORTED for a container that does not run */
export async function checkRunning(context: AppleRuntimeContext, call: StreamCall): Promise<void> {
  const state = await findStoppedState(context, call.subject, call)
  context.checkOption(fileTransferCapability, 'files.stopped', state)
}

/** Runs a script to its end, as root, in the shell of the container. Resolves whatever the exit code is. */
export async function runScript(
  context: AppleRuntimeContext,
  { script, words, input }: GuestScript & { readonly input?: string },
  call: StreamCall,
): Promise<CliResult> {
  const stdin = input === undefined ? [] : ['--interactive']
  const argv = ['exec', '--user=0', '--workdir=/', ...stdin, call.subject, 'sh', '-c', script, 'sh', ...words]
  return await context.cli.run(argv, { ...call, input })
}

/** A script for the shell of the container, with its arguments. */
export interface GuestScript {
  readonly script: string
  readonly words: readonly string[]
}

/** Starts a script as root in the shell of the container, and collects the end of its stderr. An abort also kills its programs. */
export async function startScript(
  context: AppleRuntimeContext,
  { script, words, stdin }: GuestScript & { readonly stdin: boolean },
  { subject: id, signal }: StreamCall,
): Promise<{ readonly process: ExecProcess; readonly readStderr: () => string }> {
  // Some releases of busybox omit links with absolute targets without this variable.
  const env = { EXTRACT_UNSAFE_SYMLINKS: '1' }
  const options = { env, user: '0', workingDirectory: '/', stdin, signal }
  const command = ['sh', '-c', script, 'sh', ...words]
  const process = await startExec(context, { id, command, options, killsChildren: true })
  return { process, readStderr: collectTail(process.stderr) }
}

/** Converts the result of a script that failed to an error. */
export function toScriptError(
  context: AppleRuntimeContext,
  { exitCode, stderr }: Pick<CliResult, 'exitCode' | 'stderr'>,
  call: StreamCall,
): Error {
  const { operation, subject } = call
  const text = toErrorText(stderr)
  const isMissing = exitCode === 127 || toNotStartedCode(text) !== undefined
  if (!isMissing && isCliFailure(exitCode, stderr)) return context.toError({ exitCode, stderr }, call)
  const problem = text === '' ? `its programs failed with exit code ${exitCode}` : text
  const reason = isMissing ? `its image lacks a program that this needs: ${problem}` : problem
  return createHostError('OPERATION_FAILED', { operation, subject, status: exitCode, reason })
}

function collectTail(stream: Readable): () => string {
  let tail = ''
  stream.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-2000)
  })
  stream.on('error', () => {}) // An abort destroys the stream, and the exit code rejects with its reason.
  return () => tail
}
