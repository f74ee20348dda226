import { chmod, lchown, link, lstat, lutimes, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HostError, OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { Header } from 'tar-stream'
import { readOwner } from './archive-owner.js'
import { type ReadEntry, readArchive } from './read-archive.js'

/** Options of `unpackArchive`. */
export interface UnpackOptions extends OperationOptions {
  /**
   * Returns the path at which an entry is written, relative to the directory; `undefined` for an entry to leave out. The path `.`
   * is the root of the archive or the directory. Default: the path itself.
   */
  readonly toPath?: (path: string) => string | undefined
  /**
   * Sets the owners of the archive, by number, which requires privileges. Default false: the files belong to the user of this
   * process.
   */
  readonly owners?: boolean
  /** Clears the set-user-ID and set-group-ID bits. Default false. */
  readonly clearsSetIdBits?: boolean
  /** Called with the size of each entry before it is written. */
  readonly onEntry?: (sizeBytes: number) => void
}

/**
 * Unpacks a tar archive into a directory, which is created if it is missing. Keeps modes and times; owners by an option.
 * Replaces files and links that exist; keeps directories.
 *
 * Writes nothing outside of the directory: a name with `..`, and a name below a link, are rejected. A leading `/` is ignored.
 *
 * @throws HostError OPERATION_FAILED for an invalid archive, a device, a named pipe, and a file that cannot be written. Files that
 * were written before are kept. An error of `source` is thrown unchanged.
 */
export async function unpackArchive(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  options: UnpackOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted()
  const target = new Target(directory, options)
  try {
    await target.create()
    for await (const entry of readArchive(source, options)) await target.write(entry)
    await target.finish()
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof UnpackError ? error.toHostError() : error
  }
}

/** The directory that an archive is unpacked into. */
class Target {
  readonly #root: string
  readonly #options: UnpackOptions
  /** Directories that were checked or created: none is a link. */
  readonly #directories = new Set<string>(['.'])
  /** Set at the end, since a directory may be read-only, and a new file changes its time. */
  readonly #attributes: (() => Promise<void>)[] = []

  constructor(root: string, options: UnpackOptions) {
    this.#root = root
    this.#options = options
  }

  async create(): Promise<void> {
    await withWriteError('.', () => mkdir(this.#root, { recursive: true }))
  }

  async write(entry: ReadEntry): Promise<void> {
    const path = this.#toPath(entry.header.name)
    if (path === undefined) return
    this.#options.onEntry?.(entry.header.size ?? 0)
    const content: ReadContent = {}
    await withWriteError(path, () => this.#write(entry, path, content)).catch((error: unknown) => {
      throw 'error' in content ? content.error : error
    })
  }

  async finish(): Promise<void> {
    for (const set of this.#attributes.reverse()) await set()
  }

  #toPath(name: string): string | undefined {
    const path = toPath(name)
    const { toPath: rename = (unchanged) => unchanged } = this.#options
    let renamed: string | undefined
    try {
      renamed = rename(path)
    } catch (cause) {
      throw new UnpackError(name, cause)
    }
    return renamed === undefined ? undefined : toPath(renamed)
  }

  async #write({ header, content }: ReadEntry, path: string, read: ReadContent): Promise<void> {
    const { type, linkname, mtime = new Date(0) } = header
    const absolute = join(this.#root, path)
    await this.#prepareDirectory(dirname(path))
    if (type === 'directory') {
      await this.#prepareDirectory(path)
      this.#attributes.push(() => withWriteError(path, () => this.#setAttributes(absolute, header)))
      return
    }
    if (path === '.') throw new Error('it has no name')
    await rm(absolute, { force: true })
    switch (type) {
      case 'file':
      case 'contiguous-file':
        await writeFile(absolute, withFault(content, read), { flag: 'wx' })
        return await this.#setAttributes(absolute, header)
      case 'symlink':
        await symlink(linkname ?? '', absolute)
        if (this.#options.owners) await changeOwner(absolute, header)
        return await lutimes(absolute, mtime, mtime)
      case 'link': {
        const linked = this.#toPath(linkname ?? '') ?? ''
        await this.#prepareDirectory(dirname(linked))
        return await link(join(this.#root, linked), absolute)
      }
      default:
        throw new Error(`it is a ${type ?? 'file of an unknown type'}, which cannot be written`)
    }
  }

  /** A change of the owner clears bits of the mode, and a change of either the time of a directory. */
  async #setAttributes(path: string, header: Header): Promise<void> {
    const { mode = 0o644, mtime = new Date(0) } = header
    if (this.#options.owners) await changeOwner(path, header)
    await chmod(path, mode & (this.#options.clearsSetIdBits ? 0o1777 : 0o7777))
    await utimes(path, mtime, mtime)
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

/** The error of reading the content of an entry, which is not an error of writing it. */
interface ReadContent {
  error?: unknown
}

async function* withFault(content: AsyncIterable<Uint8Array>, read: ReadContent): AsyncIterable<Uint8Array> {
  try {
    yield* content
  } catch (error) {
    read.error = error
    throw error
  }
}

async function changeOwner(path: string, header: Header): Promise<void> {
  const { uid, gid } = readOwner(header)
  await lchown(path, uid, gid)
}

/** Returns a path relative to the root, `.` for the root itself. */
function toPath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..') || unsafeName.test(name))
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

// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must match NUL
const unsafeName = process.platform === 'win32' ? /[\u0000\\:]/ : /\u0000/ // on Windows also a backslash and a drive
