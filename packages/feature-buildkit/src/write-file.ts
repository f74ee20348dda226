import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createHostError, type ExecManager, isHostError, type OperationOptions } from '@capstan/core'
import type { TransferCount } from './build/transfer-count.js'
import { keepLastWords } from './last-words.js'

/** Where something is to be written. */
export interface WriteTarget extends OperationOptions {
  readonly execs: ExecManager
  /** Of the sidecar. */
  readonly id: string
}

/** One thing to write: `script` gets `path` as its first word, and the content by its stdin. */
export interface Transfer {
  readonly what: string
  readonly script: string
  readonly path: string
  readonly content: Readable
  /** Counts what is sent. */
  readonly transfer?: TransferCount | undefined
}

/** Writes over the stdin of a process in the sidecar. A failure there is OPERATION_FAILED with its words. */
export async function writeFile(
  { execs, id, signal }: WriteTarget,
  { what, script, path, content, transfer }: Transfer,
): Promise<void> {
  await using process = await execs.exec(id, ['sh', '-c', script, 'capstan-write', path], { signal })
  process.exitCode.catch(() => {})
  process.stdout.resume()
  const lastWords = keepLastWords(process.stderr)
  // A process that ends early says why itself.
  const bytes = transfer === undefined ? content : transfer.count(content)
  const sent = pipeline(bytes, process.stdin).catch((error: unknown) => error)
  const exitCode = await process.exitCode
  content.destroy()
  const failure = await sent
  signal?.throwIfAborted()
  if (exitCode === 0 && failure === undefined) return transfer?.finish()
  if (exitCode === 0 || isHostError(failure)) throw failure
  const reason = `it could not be written there (exit code ${exitCode}): ${lastWords()}`
  throw createHostError('OPERATION_FAILED', { operation: 'write', subject: what, status: undefined, reason })
}

/** Writes a file with mode 0600 into an existing directory, under its name only when it is complete. */
export const fileScript = 'umask 077; cat >"$1.part" && mv "$1.part" "$1"'

export function toStream(content: string | Uint8Array): Readable {
  return Readable.from([Buffer.from(content)], { objectMode: false })
}
