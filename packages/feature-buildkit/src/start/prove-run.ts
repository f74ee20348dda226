import { randomUUID } from 'node:crypto'
import { createHostError, type OperationOptions } from '@capstan/core'
import { ProgressParser } from '../build/progress-parser.js'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { runExec } from '../run-exec.js'
import { buildDirectoryPrefix, toRunProofCommand } from '../scripts.js'
import type { Daemon } from './daemon.js'
import { RungFailure } from './ladder.js'

/**
 * Builds one RUN in the sidecar: BuildKit may answer, and copy files, where it cannot start a process.
 *
 * The RUN is built once per sidecar, on a root with the sidecar's own shell, so nothing is pulled. A privileged sidecar is not
 * tested.
 *
 * @throws RungFailure with the output of BuildKit when the RUN fails.
 */
export async function proveRun(
  { execs }: BuildKitManagers,
  { id, rung }: Daemon,
  { signal }: OperationOptions,
): Promise<void> {
  if (rung.privilege === 'privileged') return
  const command = toRunProofCommand(`${buildDirectoryPrefix}${randomUUID()}`)
  const { exitCode, stderr } = await runExec(execs, id, { command, signal })
  if (exitCode === 0) return
  const parser = new ProgressParser()
  const events = [...parser.push(Buffer.from(stderr)), ...parser.end()]
  const output = events.flatMap((event) =>
    event.type === 'log' ? Buffer.from(event.bytes).toString().split('\n') : [],
  )
  const words = [...output, ...parser.diagnostics].filter((line) => line.trim() !== '')
  const isVerdict = exitCode === 1 && words.some((line) => line.includes('failed to solve'))
  const lastOutput = output.findLast((line) => line.trim() !== '')
  const reason = (isVerdict ? lastOutput : undefined) ?? words.at(-1) ?? `it ended with exit code ${exitCode}`
  const facts = { operation: 'run a step', subject: `BuildKit in container "${id}"`, status: exitCode, reason }
  const error = createHostError('OPERATION_FAILED', facts)
  throw isVerdict ? new RungFailure('cannot-run', error) : error
}
