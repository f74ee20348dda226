import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Writes a chunk and waits until the output can take more. Rejects with the reason of `signal` if that aborts first. */
export async function writeOutput(
  output: Writable,
  chunk: string | Uint8Array,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  signal?.throwIfAborted()
  if (output.write(chunk)) return
  try {
    await once(output, 'drain', signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** Formats a JSON document for a program, beginning with the version of its schema. */
export function toJson(document: object): string {
  return `${JSON.stringify({ schemaVersion, ...document }, undefined, 2)}\n`
}

/** Formats it on one line, for a stream of documents. */
export function toJsonLine(document: object): string {
  return `${JSON.stringify({ schemaVersion, ...document })}\n`
}

/** Writes a warning as one line. */
export function writeWarning(stderr: Writable, message: string): void {
  stderr.write(`capstan: warning: ${message}\n`)
}

/** Increased when a field is renamed, removed or changes its meaning, not for new fields. */
const schemaVersion = 1
