import { buffer } from 'node:stream/consumers'
import { untilAborted } from '@capstan/core/plugin'
import { type Extract, extract, type Header } from 'tar-stream'

/** One entry of an archive, read whole. */
export interface TarEntry {
  readonly header: Header
  readonly bytes: Buffer
}

/** All entries of an archive, in order. What reading the source throws is thrown as it is; no tar: an error of tar-stream. */
export async function readTar(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<readonly TarEntry[]> {
  const archive = extract()
  const read = readEntries(archive)
  read.catch(() => {})
  try {
    for await (const chunk of untilAbort(source, signal)) {
      if (!archive.write(chunk)) await untilAborted(Promise.race([drained(archive), read]), signal)
    }
    archive.end(null)
    return await untilAborted(read, signal)
  } finally {
    archive.destroy()
  }
}

/** The same, but an abort ends the waiting for a source that is silent. */
async function* untilAbort(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  let isDone = false
  try {
    for (;;) {
      const { done, value } = await untilAborted(chunks.next(), signal)
      isDone = done === true
      if (isDone) return
      yield value
    }
  } finally {
    // Not waited for: a source that hangs would hang here too.
    if (!isDone) chunks.return?.().catch(() => {})
  }
}

async function readEntries(archive: Extract): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = []
  for await (const entry of archive) {
    // The types leave open what it gives: bytes, always.
    entries.push({ header: entry.header, bytes: await buffer(entry as AsyncIterable<Uint8Array>) })
  }
  return entries
}

function drained(archive: Extract): Promise<void> {
  return new Promise((resolve) => {
    archive.once('drain', resolve)
  })
}
