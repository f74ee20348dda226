import { pipeline } from 'node:stream/promises'
import type { ExecManager, ExecOptions, ExecProcess } from '@capstan/core'
import { type Argv, createHostError, pumpInput, untilAborted, withUndoFailures } from '@capstan/core/plugin'
import { type Capture, captureToEnd, measureEnd } from './capture-to-end.js'
import type { EndOptions, EndResult } from './end-result.js'

/**
 * Runs a command in a running container to its end, and resolves with its exit code and output. A command that cannot be
 * started has the exit code 126 or 127.
 *
 * After an abort and the time limit the process gets SIGKILL. If that is not possible, for example because the image
 * has no `kill` command, the error has it in `undoFailures`, and the process may continue.
 *
 * @throws HostError as `exec`; TIMED_OUT after `timeoutMs`, with the last lines of the output; INVALID_ARGUMENT
 */
export async function execToEnd(
  execs: ExecManager,
  id: string,
  command: Argv,
  { maxOutputBytes, keep, timeoutMs, input, signal, ...options }: ExecToEndOptions = {},
): Promise<EndResult> {
  const given = Object.entries({ maxOutputBytes, keep, timeoutMs, input, signal })
  const endOptions: EndOptions = Object.fromEntries(given.filter(([, value]) => value !== undefined))
  return await captureToEnd('execToEnd', endOptions, async (capture) => {
    const execOptions = { ...options, stdin: capture.input !== undefined, ...capture.options }
    return await measureEnd(async () => {
      await using child = await execs.exec(id, command, execOptions)
      return await connect(child, { id, capture })
    })
  })
}

/** Options of `execToEnd`. */
export interface ExecToEndOptions extends EndOptions, Omit<ExecOptions, 'stdin'> {}

async function connect(
  child: ExecProcess,
  { id, capture }: { readonly id: string; readonly capture: Capture },
): Promise<number> {
  const { signal } = capture.options
  const operation = { operation: 'execToEnd', subject: id }
  const pump = capture.input === undefined ? undefined : pumpInput(capture.input, child.stdin, operation)
  // The end of the process before it has read its input is not a failure.
  if (pump !== undefined) child.stdin.on('error', () => {})
  const outputs = [pipeline(child.stdout, capture.output.stdout), pipeline(child.stderr, capture.output.stderr)]
  const end = Promise.all([child.exitCode, ...outputs])
  try {
    const [exitCode] = await untilAborted(pump === undefined ? end : Promise.race([end, pump.failed]), signal)
    return exitCode
  } catch (error) {
    const reason: unknown = signal?.aborted ? signal.reason : error
    throw withUndoFailures(reason, await kill(child, id))
  } finally {
    end.catch(() => {}) // the outputs end with an error when `child` is disposed
    pump?.stop()
  }
}

/** Kills the process and resolves with the failures. */
async function kill(child: ExecProcess, id: string): Promise<readonly unknown[]> {
  try {
    if (await child.kill('SIGKILL', { signal: AbortSignal.timeout(killMs) })) return []
    const reason = 'the runtime cannot signal the process, which may continue to run'
    return [createHostError('OPERATION_FAILED', { operation: 'kill', subject: id, status: undefined, reason })]
  } catch (error) {
    return [error]
  }
}

const killMs = 10_000
