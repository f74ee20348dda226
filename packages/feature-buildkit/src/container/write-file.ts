import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ExecManager, isHostError, type OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { readStderrTail } from './stderr-tail.js'

/** The container to write to. */
export interface WriteTarget extends OperationOptions {
  readonly execs: ExecManager
  readonly containerId: string
}

/** One file or directory to write. */
export interface FileContent {
  /** Names the content in errors. */
  readonly title: string
  readonly path: string
  /** Receives `path` as `$1` and the content on stdin. Default {@link writeFileScript}. */
  readonly script?: string
  readonly content: Readable | string | Uint8Array
  /** Passes the bytes on while they are sent, for example to count them. */
  readonly through?: (bytes: Readable) => AsyncIterable<Uint8Array>
}

/**
 * Writes through the stdin of a process in the container.
 *
 * @throws HostError OPERATION_FAILED with the stderr of the process when the process fails.
 */
export async function writeFile(
  { execs, containerId, signal }: WriteTarget,
  { title, script = writeFileScript, path, content, through = (bytes) => bytes }: FileContent,
): Promise<void> {
  await using process = await execs.exec(containerId, ['sh', '-c', script, 'capstan-write', path], { signal })
  process.exitCode.catch(() => {})
  process.stdout.resume()
  const stderrTail = readStderrTail(process.stderr)
  const source = content instanceof Readable ? content : Readable.from([Buffer.from(content)], { objectMode: false })
  // When the process ends early, its stderr gives the reason and not the failed transfer.
  const sent = pipeline(through(source), process.stdin).catch((error: unknown) => error)
  const exitCode = await process.exitCode
  source.destroy()
  const failure = await sent
  signal?.throwIfAborted()
  if (exitCode === 0 && failure === undefined) return
  if (exitCode === 0 || isHostError(failure)) throw failure
  const reason = `the process in the container exited with code ${exitCode}: ${stderrTail()}`
  throw createHostError('OPERATION_FAILED', { operation: 'write', subject: title, status: undefined, reason })
}

/** Writes a file with mode 0600 into an existing directory. It gets its name only when it is complete. */
export const writeFileScript = 'umask 077; cat >"$1.part" && mv "$1.part" "$1"'
