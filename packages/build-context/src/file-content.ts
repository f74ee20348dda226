import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createReadingFailure, reading } from './reading-failure.js'

interface Listed {
  /** As an error names it. */
  readonly path: string
  readonly stats: Stats
  readonly signal: AbortSignal | undefined
}

/** The bytes of a file, provided that it is still the one that was listed, and as long: else OPERATION_FAILED. */
export async function* readUnchanged(location: string, listed: Listed): AsyncIterable<Uint8Array> {
  listed.signal?.throwIfAborted()
  const file = await openListed(location, listed)
  try {
    yield* readBlocks(file, listed)
  } finally {
    await file.close()
  }
}

async function* readBlocks(file: FileHandle, listed: Listed): AsyncIterable<Uint8Array> {
  let left = listed.stats.size
  while (left > 0) {
    listed.signal?.throwIfAborted()
    const block = Buffer.allocUnsafe(Math.min(blockBytes, left))
    const { bytesRead } = await reading(listed.path, file.read(block))
    if (bytesRead === 0) throw createReadingFailure(listed.path, 'it became shorter while it was read')
    left -= bytesRead
    yield block.subarray(0, bytesRead)
  }
  const { bytesRead } = await reading(listed.path, file.read(Buffer.allocUnsafe(1)))
  if (bytesRead > 0) throw createReadingFailure(listed.path, 'it became longer while it was read')
}

/** Neither a link that took the place of the file is followed, nor is a pipe waited for. */
async function openListed(location: string, { path, stats }: Listed): Promise<FileHandle> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const file = await reading(path, open(location, flags))
  const now = await file.stat()
  if (now.ino === stats.ino && now.dev === stats.dev && now.size === stats.size) return file
  await file.close()
  throw createReadingFailure(path, 'it changed after it was listed')
}

const blockBytes = 64 * 1024
