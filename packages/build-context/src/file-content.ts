import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createHostError } from '@capstan/core'

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
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(blockBytes, left)))
    if (bytesRead === 0) throw toFailure(listed.path, 'it became shorter while it was read')
    left -= bytesRead
    yield buffer.subarray(0, bytesRead)
  }
  const { bytesRead } = await file.read(Buffer.allocUnsafe(1))
  if (bytesRead > 0) throw toFailure(listed.path, 'it became longer while it was read')
}

/** Neither a link that took the place of the file is followed, nor is a pipe waited for. */
async function openListed(location: string, { path, stats }: Listed): Promise<FileHandle> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  const file = await open(location, flags).catch((cause: unknown) => {
    throw toFailure(path, cause instanceof Error ? cause.message : 'it cannot be opened', cause)
  })
  const now = await file.stat()
  if (now.ino === stats.ino && now.dev === stats.dev && now.size === stats.size) return file
  await file.close()
  throw toFailure(path, 'it changed after it was listed')
}

function toFailure(path: string, reason: string, cause?: unknown): Error {
  return createHostError(
    'OPERATION_FAILED',
    { operation: 'reading', subject: `"${path}" in the build context`, status: undefined, reason },
    cause === undefined ? undefined : { cause },
  )
}

const blockBytes = 64 * 1024
