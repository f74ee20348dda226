import { once } from 'node:events'
import { chmod, link, lstat, lutimes, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HostError, OperationOptions } from '@capstan/core'
import { createHostError, loadCommonJs, untilAborted } from '@capstan/core/plugin'
import type { Extract } from 'tar-stream'

/**
 * Unpacks a tar archive into a directory, which is created if it is missing. Keeps modes and times, not owners. Replaces files
 * and links that exist; keeps directories.
 *
 * Writes nothing outside of the directory: a name with `..`, and a name below a link, are rejected. A leading `/` is ignored.
 *
 * @throws HostError OPERATION_FAILED for an invalid archive, a device, a named pipe, and a file that cannot be written. Files that
 * were written before are kept. An error of `source` is thrown unchanged.
 */
export async function unpackArchive(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  { signal }: OperationOptions = {},
): Promise<void> {
  signal?.throwIfAborted()
  const { extract } = await loadCommonJs(() => import('tar-stream'))
  const archive = extract()
  const target = new Target(directory)
  let unpacked = Promise.resolve()
  try {
    await target.create()
    // The archive emits entries only to a reader, so the reader begins first.
    unpacked = unpack(archive, target)
    unpacked.catch(() => {}) // awaited below
    await untilAborted(feed(archive, source, unpacked), signal)
    await unpacked
    await target.finish()
  } catch (error) {
    // Without an error, the reader would wait for ever.
    archive.on('error', () => {}).destroy(new Error('canceled'))
    await unpacked.catch(() => {})
    signal?.throwIfAborted()
    if (error instanceof SourceError) throw error.cause
    throw error instanceof UnpackError ? error.toHostError() : createUnpackError('the archive', error)
  }
}

async function unpack(archive: Extract, target: Target): Promise<void> {
  for await (const entry of archive) await target.write(entry)
}

/** Passes the bytes to the archive. Rejects with the error of `unpacked` when that fails first. */
async function feed(archive: Extract, source: AsyncIterable<Uint8Array>, unpacked: Promise<void>): Promise<void> {
  for await (const chunk of withSourceError(source)) {
    if (!archive.write(chunk)) await Promise.race([once(archive, 'drain'), unpacked])
  }
  archive.end(null)
}

async function* withSourceError(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    throw new SourceError(undefined, { cause })
  }
}

/** The error of the source is the cause. */
class SourceError extends Error {}

type ArchiveEntry = Extract extends AsyncIterable<infer Entry> ? Entry : never

/** The directory that an archive is unpacked into. */
class Target {
  readonly #root: string
  /** Directories that were checked or created: none is a link. */
  readonly #directories = new Set<string>(['.'])
  /** Set at the end, since a directory may be read-only, and a new file changes its time. */
  readonly #attributes: (() => Promise<void>)[] = []

  constructor(root: string) {
    this.#root = root
  }

  async create(): Promise<void> {
    await withWriteError('.', () => mkdir(this.#root, { recursive: true }))
  }

  async write(entry: ArchiveEntry): Promise<void> {
    const path = toPath(entry.header.name)
    await withWriteError(path, () => this.#write(entry, path))
  }

  async finish(): Promise<void> {
    for (const set of this.#attributes.reverse()) await set()
  }

  async #write(entry: ArchiveEntry, path: string): Promise<void> {
    const { type, linkname, mtime = new Date(0), mode = 0o644 } = entry.header
    const absolute = join(this.#root, path)
    await this.#prepareDirectory(dirname(path))
    if (type === 'directory') {
      await this.#prepareDirectory(path)
      this.#attributes.push(() => withWriteError(path, () => setAttributes(absolute, { mode, mtime })))
      entry.resume()
      return
    }
    if (path === '.') throw new Error('it has no name')
    await rm(absolute, { force: true })
    switch (type) {
      case 'file':
      case 'contiguous-file':
        await writeFile(absolute, toBytes(entry), { flag: 'wx' })
        return await setAttributes(absolute, { mode, mtime })
      case 'symlink':
        await symlink(linkname ?? '', absolute)
        await lutimes(absolute, mtime, mtime)
        break
      case 'link': {
        const linked = toPath(linkname ?? '')
        await this.#prepareDirectory(dirname(linked))
        await link(join(this.#root, linked), absolute)
        break
      }
      default:
        throw new Error(`it is a ${type ?? 'file of an unknown type'}, which cannot be written`)
    }
    entry.resume()
  }

  /** Creates a directory and those above it, and checks that none of them is a link. */
  async #prepareDirectory(path: string): Promise<void> {
    if (this.#directories.has(path)) return
    await this.#prepareDirectory(dirname(path))
    const absolute = join(this.#root, path)
    await mkdir(absolute).catch(async (error: unknown) => {
      const stats = await lstat(absolute).catch(() => undefined)
      if (stats === undefined) throw error
      if (!stats.isDirectory()) throw new Error(`"${path}" is not a directory`, { cause: error })
    })
    this.#directories.add(path)
  }
}

/** The types of the library do not say that the chunks are bytes. */
async function* toBytes(entry: ArchiveEntry): AsyncIterable<Uint8Array> {
  for await (const chunk of entry as AsyncIterable<Uint8Array>) yield chunk
}

async function setAttributes(path: string, { mode, mtime }: { readonly mode: number; readonly mtime: Date }) {
  await chmod(path, mode & 0o7777)
  await utimes(path, mtime, mtime)
}

/** Returns a path relative to the root, `.` for the root itself. */
function toPath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..') || name.includes('\0'))
    throw new UnpackError(name, new Error('its name leaves the directory'))
  return parts.join('/') || '.'
}

async function withWriteError<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    throw cause instanceof UnpackError ? cause : new UnpackError(path, cause)
  }
}

/** An entry that cannot be written. */
class UnpackError extends Error {
  readonly #path: string

  constructor(path: string, cause: unknown) {
    super(undefined, { cause })
    this.#path = path
  }

  toHostError(): HostError<'OPERATION_FAILED'> {
    return createUnpackError(`"${this.#path}" in the archive`, this.cause)
  }
}

function createUnpackError(subject: string, cause: unknown): HostError<'OPERATION_FAILED'> {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return createHostError('OPERATION_FAILED', { operation: 'unpacking', subject, status: undefined, reason }, { cause })
}
