import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { untilAborted } from '@capstan/core/plugin'
import { type Extract, extract, type Header } from 'tar-stream'

/** One entry of an archive with its whole content. */
export interface TarEntry {
  readonly header: Header
  readonly bytes: Buffer
}

/**
 * Reads all entries of an archive of a caller. Rejects with the error of the source, unchanged, and with the result of `toError`
 * for an invalid archive.
 */
export async function readArchive(
  tar: AsyncIterable<Uint8Array>,
  { signal, toError }: { readonly signal: AbortSignal; readonly toError: (reason: string, cause: unknown) => Error },
): Promise<readonly TarEntry[]> {
  let hasSourceFailed = false
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield* tar
    } catch (error) {
      hasSourceFailed = true
      throw error
    }
  }
  try {
    return await readTar(source(), signal)
  } catch (cause) {
    signal.throwIfAborted()
    throw hasSourceFailed ? cause : toError(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** Reads all entries of an archive. Rejects with the source's own error, or with one of tar-stream. */
export async function readTar(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<readonly TarEntry[]> {
  const archive = extract()
  const read = readEntries(archive)
  read.catch(() => {})
  try {
    for await (const chunk of readUntilAborted(source, signal)) {
      if (!archive.write(chunk)) await untilAborted(Promise.race([once(archive, 'drain'), read]), signal)
    }
    archive.end(null)
    return await untilAborted(read, signal)
  } finally {
    archive.destroy()
  }
}

/** Yields the chunks of a source. An abort also ends the wait for a source that sends nothing. */
async function* readUntilAborted(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
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
    // Not awaited, because a source that hangs would block here too.
    if (!isDone) chunks.return?.().catch(() => {})
  }
}

async function readEntries(archive: Extract): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = []
  for await (const entry of archive) {
    // The type declarations of tar-stream do not say that the chunks are bytes.
    entries.push({ header: entry.header, bytes: await buffer(entry as AsyncIterable<Uint8Array>) })
  }
  return entries
}
