import { once } from 'node:events'
import type { HostError, OperationOptions } from '@capstan/core'
import { createHostError, linkSignals, loadCommonJs, toErrorText, untilAborted } from '@capstan/core/plugin'
import type { Extract, Header } from 'tar-stream'

/** An entry of a tar archive that is being read. */
export interface ReadEntry {
  readonly header: Header
  /** The bytes of a file. Read them before the next entry is requested, and completely; else they are skipped. */
  readonly content: AsyncIterable<Uint8Array>
}

/**
 * Reads the entries of a tar archive one after the other, and its bytes no faster than that. Leaving the loop stops the reading.
 *
 * Throws an error of `source` unchanged, OPERATION_FAILED for an invalid or incomplete archive, and the reason of an abort.
 */
export async function* readArchive(
  source: AsyncIterable<Uint8Array>,
  { signal }: OperationOptions = {},
): AsyncGenerator<ReadEntry, void> {
  const { extract } = await loadCommonJs(() => import('tar-stream'))
  const archive = extract()
  const stop = linkSignals([signal])
  let fault: { readonly error: unknown } | undefined
  const fed = feed(archive, source, stop.signal).catch((error: unknown) => {
    fault ??= { error }
    archive.destroy(new Error('canceled'))
  })
  const toFailure = (error: unknown) => (fault === undefined ? createArchiveError(error) : fault.error)
  try {
    for await (const entry of archive) {
      yield { header: entry.header, content: readContent(entry, toFailure) }
      entry.resume()
    }
    await fed
    if (fault !== undefined) throw fault.error
  } catch (error) {
    throw toFailure(error)
  } finally {
    stop.abort(new Error('canceled'))
    stop.unlink()
    archive.on('error', () => {}).destroy()
  }
}

type ArchiveEntry = Extract extends AsyncIterable<infer Entry> ? Entry : never

async function* readContent(
  entry: ArchiveEntry,
  toFailure: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array, void> {
  try {
    // The types of the library do not say that the chunks are bytes.
    for await (const chunk of entry as AsyncIterable<Uint8Array>) yield chunk
  } catch (error) {
    throw toFailure(error)
  }
}

function createArchiveError(cause: unknown): HostError<'OPERATION_FAILED'> {
  const reason = toErrorText(cause)
  const facts = { operation: 'unpacking', subject: 'the archive', status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, { cause })
}

/** Passes the bytes to the archive, until it has them all or the signal aborts. Does not wait for a source that sends nothing. */
async function feed(archive: Extract, source: AsyncIterable<Uint8Array>, stop: AbortSignal): Promise<void> {
  const chunks = source[Symbol.asyncIterator]()
  let isDone = false
  try {
    for (;;) {
      const { done, value } = await untilAborted(chunks.next(), stop)
      isDone = done === true
      if (isDone) break
      if (!archive.write(value)) await once(archive, 'drain', { signal: stop })
    }
    archive.end(null)
  } finally {
    if (!isDone) void chunks.return?.()?.catch(() => {})
  }
}
