import type { BigIntStats } from 'node:fs'
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, posix, resolve } from 'node:path'
import { type ArchiveEntry, type ArchiveOwner, readUnchanged } from '@capstan/build-context'
import type { OperationOptions } from '@capstan/core'
import { createHostError, toErrorText } from '@capstan/core/plugin'
import type { CopySource, GivenTarget } from './copy-target.js'

/** A file or directory of this machine that is copied. */
export interface LocalSource extends CopySource {
  readonly path: string
}

/**
 * Finds what `from` names.
 *
 * @throws HostError INVALID_ARGUMENT when it does not exist, or is not a directory and ends with a slash
 */
export async function findLocalSource(
  from: string,
  { followLinks = false }: { readonly followLinks?: boolean | undefined },
): Promise<LocalSource> {
  const mustBeDirectory = endsLikeDirectory(from)
  const path = resolve(from)
  const name = basename(path)
  const stats = await lstat(path).catch((cause: unknown) => {
    throw createSourceError('the path of an existing file or directory', from, cause)
  })
  const followed = stats.isSymbolicLink() && (followLinks || mustBeDirectory) ? await follow(path, from) : path
  const isDirectory = (await lstat(followed)).isDirectory()
  if (mustBeDirectory && !isDirectory) throw createSourceError('a directory, since it ends with a slash', from)
  return { path: followed, name, isDirectory, isContent: isContentPath(from) }
}

/** Finds what `to` names. The target of a link may be absent. */
export async function findLocalTarget(to: string): Promise<GivenTarget> {
  const path = resolve(to)
  const mustBeDirectory = endsLikeDirectory(to)
  const found = await stat(path).catch(() => undefined)
  if (found !== undefined) {
    return { path: await realpath(path), existing: found.isDirectory() ? 'directory' : 'other', mustBeDirectory }
  }
  const linked = await readlink(path).catch(() => undefined)
  return { path: linked === undefined ? path : resolve(dirname(path), linked), existing: undefined, mustBeDirectory }
}

/** Whether a path of this machine is a directory. */
export async function isLocalDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}

/** Whether a path ends with a slash, or with the name of a directory itself. */
export function endsLikeDirectory(path: string): boolean {
  return /(^|[\\/])\.{0,2}$/.test(path) && (process.platform === 'win32' || !/\\\.{0,2}$/.test(path))
}

/** Whether a path names the content of a directory: `.`, or with a trailing `/.`. */
export function isContentPath(path: string): boolean {
  return /(^|[\\/])\.$/.test(path) && (process.platform === 'win32' || !/\\\.$/.test(path))
}

/** Options of `listTree`. */
export interface ListTreeOptions extends OperationOptions {
  /** The name of the root in the archive; `undefined` to list only what it contains. */
  readonly name: string | undefined
  /** The owner of all entries. Default: that of each file. */
  readonly owner: ArchiveOwner | undefined
}

/**
 * Lists a file, or a directory with everything in it, while the entries are read. Further names of a file are hard links. Sockets
 * are left out.
 *
 * @throws HostError OPERATION_FAILED for a device or a named pipe, and for a file that cannot be read or changes meanwhile
 */
export async function* listTree(root: string, options: ListTreeOptions): AsyncGenerator<ArchiveEntry, void> {
  const linked = new Map<string, string>()
  if (options.name !== undefined) yield* listEntry(root, options.name, { ...options, linked })
  else yield* listDirectory(root, '', { ...options, linked })
}

interface Listing extends ListTreeOptions {
  /** The paths of files with several names, by device and inode. */
  readonly linked: Map<string, string>
}

async function* listEntry(location: string, path: string, listing: Listing): AsyncGenerator<ArchiveEntry, void> {
  listing.signal?.throwIfAborted()
  const stats = await withReadError(location, () => lstat(location, { bigint: true }))
  if (stats.isSocket()) return
  yield await toEntry(location, path, { stats, listing })
  if (stats.isDirectory()) yield* listDirectory(location, path, listing)
}

async function* listDirectory(location: string, path: string, listing: Listing): AsyncGenerator<ArchiveEntry, void> {
  const names = await withReadError(location, () => readdir(location))
  for (const name of names.sort()) yield* listEntry(join(location, name), posix.join(path, name), listing)
}

async function toEntry(
  location: string,
  path: string,
  { stats, listing }: { readonly stats: BigIntStats; readonly listing: Listing },
): Promise<ArchiveEntry> {
  const { owner = { uid: Number(stats.uid), gid: Number(stats.gid) }, linked, signal } = listing
  const mode = process.platform === 'win32' ? 0o755 : Number(stats.mode) & 0o7777
  const common = { path, mode, sizeBytes: 0, modifiedAt: stats.mtime, ...owner, open: emptyContent }
  if (stats.isDirectory()) return { ...common, type: 'directory' }
  if (stats.isSymbolicLink()) {
    return { ...common, type: 'symlink', linkTarget: await withReadError(location, () => readlink(location)) }
  }
  const toError = (reason: string, cause?: unknown) => createReadError(location, reason, cause)
  if (!stats.isFile()) throw toError('it is a device or a named pipe')
  const first = stats.nlink > 1n ? findFirstName(linked, stats, path) : undefined
  if (first !== undefined) return { ...common, type: 'link', linkTarget: first }
  const open = () => readUnchanged(location, { stats, signal, toError })
  return { ...common, type: 'file', sizeBytes: Number(stats.size), open }
}

/** Returns the path under which a file with several names was listed first; `undefined` at its first name. */
function findFirstName(linked: Map<string, string>, { dev, ino }: BigIntStats, path: string): string | undefined {
  const key = `${dev}:${ino}`
  const first = linked.get(key)
  if (first === undefined) linked.set(key, path)
  return first
}

async function* emptyContent(): AsyncGenerator<Uint8Array, void> {}

async function follow(path: string, from: string): Promise<string> {
  return await realpath(path).catch((cause: unknown) => {
    throw createSourceError('a link to an existing file or directory', from, cause)
  })
}

function createSourceError(expected: string, from: string, cause?: unknown): Error {
  return createHostError('INVALID_ARGUMENT', { field: 'from', expected, given: JSON.stringify(from) }, { cause })
}

async function withReadError<T>(location: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw createReadError(location, toErrorText(cause), cause)
  }
}

function createReadError(location: string, reason: string, cause: unknown): Error {
  const facts = { operation: 'reading', subject: `"${location}"`, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts, { cause })
}
