import { createHash } from 'node:crypto'
import type { ContextEntry } from './context-entry.js'
import { createReadError } from './context-errors.js'

/** An entry with the digest of its bytes. */
export interface DigestedEntry extends ContextEntry {
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string
}

/**
 * Reads an entry to its end, and resolves with a copy that has the digest of its bytes. `open` of the copy throws
 * OPERATION_FAILED at the end if the bytes have changed since.
 *
 * @throws HostError OPERATION_FAILED when the entry cannot be read.
 */
export async function digestEntry(entry: ContextEntry): Promise<DigestedEntry> {
  const hash = createHash('sha256')
  for await (const block of entry.open()) hash.update(block)
  const digest = hash.digest('hex')
  return { ...entry, digest, open: () => openUnchanged(entry, digest) }
}

async function* openUnchanged(entry: ContextEntry, digest: string): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256')
  for await (const block of entry.open()) {
    hash.update(block)
    yield block
  }
  if (hash.digest('hex') !== digest) throw createReadError(entry.path, 'it changed after it was first read')
}
