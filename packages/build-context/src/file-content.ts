import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** A file whose metadata was read. */
export interface ListedFile {
  readonly stats: BigIntStats
  readonly signal: AbortSignal | undefined
  /** Creates the error for a file that cannot be read, with the reason. */
  readonly toError: (reason: string, cause?: unknown) => Error
}

/**
 * Reads the bytes of a file, into `buffer` if it is given. Throws the error of `toError` when it was replaced or has another
 * size than listed.
 */
export async function* readUnchanged(
  location: string,
  listed: ListedFile,
  buffer?: Uint8Array,
): AsyncIterable<Uint8Array> {
  listed.signal?.throwIfAborted()
  const file = await openListed(location, listed)
  try {
    yield* readBlocks(file, listed, buffer)
  } finally {
    await file.close()
  }
}

/** Requests one byte more than listed, so that the last read shows whether the file has become longer. */
async function* readBlocks(
  file: FileHandle,
  listed: ListedFile,
  buffer: Uint8Array | undefined,
): AsyncIterable<Uint8Array> {
  for (let left = Number(listed.stats.size); left >= 0; ) {
    listed.signal?.throwIfAborted()
    const length = Math.min(buffer?.length ?? blockBytes, left + 1)
    const block = buffer?.subarray(0, length) ?? Buffer.allocUnsafe(length)
    const { bytesRead } = await withReadError(listed, () => file.read(block))
    if (bytesRead > left) throw listed.toError('it became longer while it was read')
    if (bytesRead === 0 && left > 0) throw listed.toError('it became shorter while it was read')
    if (bytesRead > 0) yield block.subarray(0, bytesRead)
    left -= bytesRead
    if (bytesRead < block.length && left === 0) return
  }
}

/** The flags avoid following a link, and waiting for a pipe, that has replaced the file. */
async function openListed(location: string, listed: ListedFile): Promise<FileHandle> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const { stats } = listed
  const file = await withReadError(listed, () => open(location, flags))
  const now = await file.stat({ bigint: true })
  if (now.ino === stats.ino && now.dev === stats.dev && now.size === stats.size) return file
  await file.close()
  throw listed.toError('it changed after it was listed')
}

async function withReadError<T>({ toError }: ListedFile, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw toError(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

const blockBytes = 128 * 1024
