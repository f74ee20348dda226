import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Writes all of it, no faster than it is read; rejects with the reason of `signal` when that aborts meanwhile. */
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

/** Data for a program: one JSON document, with the version of its shape first. */
export function toJson(document: object): string {
  return `${JSON.stringify({ schemaVersion, ...document }, undefined, 2)}\n`
}

/** The same on one line, where documents follow each other. */
export function toJsonLine(document: object): string {
  return `${JSON.stringify({ schemaVersion, ...document })}\n`
}

/** Changes when a field is renamed, removed or means something else; new fields do not change it. */
const schemaVersion = 1
