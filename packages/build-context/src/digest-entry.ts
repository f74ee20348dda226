import { createHash } from 'node:crypto'
import type { ContextEntry } from './context-entry.js'
import { createReadingFailure } from './reading-failure.js'

/** An entry whose bytes have been read once. */
export interface DigestedEntry extends ContextEntry {
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string
}

/**
 * Reads an entry to its end, and resolves with a copy of it that has the digest of its bytes.
 *
 * `open` of the copy gives the same bytes: if they have changed since, it throws OPERATION_FAILED at their end. What cannot
 * be read: OPERATION_FAILED.
 */
export async function digestEntry(entry: ContextEntry): Promise<DigestedEntry> {
  const hash = createHash('sha256')
  for await (const block of entry.open()) hash.update(block)
  const digest = hash.digest('hex')
  return { ...entry, digest, open: () => openSame(entry, digest) }
}

async function* openSame(entry: ContextEntry, digest: string): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256')
  for await (const block of entry.open()) {
    hash.update(block)
    yield block
  }
  if (hash.digest('hex') !== digest) throw createReadingFailure(entry.path, 'it changed after it was first read')
}
