import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createReadError, withReadError } from './context-errors.js'

interface ListedFile {
  /** Names the file in errors. */
  readonly path: string
  readonly stats: BigIntStats
  readonly signal: AbortSignal | undefined
}

/** Reads the bytes of a file. Throws OPERATION_FAILED when it was replaced or has another size than listed. */
export async function* readUnchanged(location: string, listed: ListedFile): AsyncIterable<Uint8Array> {
  listed.signal?.throwIfAborted()
  const file = await openListed(location, listed)
  try {
    yield* readBlocks(file, listed)
  } finally {
    await file.close()
  }
}

async function* readBlocks(file: FileHandle, listed: ListedFile): AsyncIterable<Uint8Array> {
  let left = Number(listed.stats.size)
  while (left > 0) {
    listed.signal?.throwIfAborted()
    const block = Buffer.allocUnsafe(Math.min(blockBytes, left))
    const { bytesRead } = await withReadError(listed.path, file.read(block))
    if (bytesRead === 0) throw createReadError(listed.path, 'it became shorter while it was read')
    left -= bytesRead
    yield block.subarray(0, bytesRead)
  }
  const { bytesRead } = await withReadError(listed.path, file.read(Buffer.allocUnsafe(1)))
  if (bytesRead > 0) throw createReadError(listed.path, 'it became longer while it was read')
}

/** The flags avoid following a link, and waiting for a pipe, that has replaced the file. */
async function openListed(location: string, { path, stats }: ListedFile): Promise<FileHandle> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const file = await withReadError(path, open(location, flags))
  const now = await file.stat({ bigint: true })
  if (now.ino === stats.ino && now.dev === stats.dev && now.size === stats.size) return file
  await file.close()
  throw createReadError(path, 'it changed after it was listed')
}

const blockBytes = 64 * 1024
