import { createHash } from 'node:crypto'
import { basename, join } from 'node:path/posix'
import type { TarEntry } from '../../../../../tools/engine/tar-archive.mjs'

/** The files of a step's result, by their paths without a leading slash. */
export type FileTree = ReadonlyMap<string, TreeEntry>

export type TreeEntry =
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'file'; readonly mode: number; readonly content: Buffer }
  | { readonly type: 'symlink'; readonly mode: number; readonly target: string }

/** Returns the tree with a file, and the directories above it. */
export function addFile(tree: FileTree, path: string, entry: TreeEntry): FileTree {
  const added = new Map(tree)
  const parts = toKey(path).split('/')
  for (let length = 1; length < parts.length; length += 1) {
    const parent = parts.slice(0, length).join('/')
    if (!added.has(parent)) added.set(parent, { type: 'directory', mode: 0o755 })
  }
  if (toKey(path) !== '') added.set(toKey(path), entry)
  return added
}

/**
 * Copies files like COPY. A directory is copied by its contents. Returns the first source that does not exist in `missing`.
 */
export function copyFiles(from: FileTree, to: FileTree, { sources, target, mode }: CopyOptions): CopyResult {
  const selected = sources.map((source) => ({ source, matches: findMatches(from, source) }))
  const missing = selected.find(({ matches }) => matches.length === 0)
  if (missing !== undefined) return { tree: to, missing: missing.source }
  const all = selected.flatMap(({ matches }) => matches)
  const isInto = target.endsWith('/') || all.length > 1 || to.get(toKey(target))?.type === 'directory'
  let tree = to
  const add = (path: string, entry: TreeEntry) => {
    tree = addFile(tree, path, mode === undefined || entry.type === 'symlink' ? entry : { ...entry, mode })
  }
  for (const match of all) {
    const entry = from.get(match)
    if (entry !== undefined && entry.type !== 'directory') add(isInto ? join(target, basename(match)) : target, entry)
    else if (entry !== undefined || match === '') {
      const prefix = match === '' ? '' : `${match}/`
      if (toKey(target) !== '') add(target, { type: 'directory', mode: 0o755 })
      for (const [path, below] of from) {
        if (path.startsWith(prefix)) add(join(target, path.slice(prefix.length)), below)
      }
    }
  }
  return { tree, missing: undefined }
}

export interface CopyOptions {
  readonly sources: readonly string[]
  readonly target: string
  readonly mode: number | undefined
}

export interface CopyResult {
  readonly tree: FileTree
  readonly missing: string | undefined
}

/** Identifies the selected files with their contents. */
export function toTreeDigest(tree: FileTree, sources: readonly string[]): string {
  const hash = createHash('sha256')
  const matches = sources.flatMap((source) => findMatches(tree, source))
  for (const [path, entry] of [...tree].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (!matches.some((match) => match === '' || path === match || path.startsWith(`${match}/`))) continue
    hash.update(`${path}\0${entry.type}\0${entry.mode}\0`)
    if (entry.type !== 'directory') hash.update(entry.type === 'file' ? entry.content : entry.target)
  }
  return hash.digest('hex')
}

/** Converts the tree to the entries of an archive, the directories first. */
export function toTarEntries(tree: FileTree): readonly TarEntry[] {
  return [...tree].sort(([one], [other]) => (one < other ? -1 : 1)).map(([path, entry]) => toTarEntry(path, entry))
}

function toTarEntry(path: string, entry: TreeEntry): TarEntry {
  const mode = entry.mode & 0o7777
  if (entry.type === 'file') return { path, mode, content: entry.content }
  return entry.type === 'symlink' ? { path, mode, link: entry.target } : { path, mode, directory: true }
}

/** Returns the paths that a source of COPY selects. The root is the empty path. */
function findMatches(tree: FileTree, source: string): readonly string[] {
  const path = toKey(source)
  if (path === '' || tree.has(path)) return [path]
  const pattern = path
    .replace(/[.+^${}()|\\\]]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
  return /[*?[]/.test(path) ? [...tree.keys()].filter((one) => new RegExp(`^${pattern}$`).test(one)) : []
}

function toKey(path: string): string {
  return join('/', path).replace(/^\/|\/$/g, '')
}
