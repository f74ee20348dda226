import type { Stats } from 'node:fs'
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContextEntry } from './context-entry.js'
import { readUnchanged } from './file-content.js'
import { createIgnoreRules, type IgnoreRules, ignoreFile } from './ignore-rules.js'
import { refuse, toField } from './invalid-entry.js'
import { staysInside } from './link-target.js'
import { nothing } from './memory-context.js'
import { compareNames } from './name-order.js'
import type { ReadContextOptions } from './read-build-context.js'
import { reading } from './reading-failure.js'

/** The entries of a directory on this machine. Absent, or no directory: INVALID_ARGUMENT. */
export async function listDirectoryContext(
  directory: string,
  options: ReadContextOptions,
): Promise<readonly ContextEntry[]> {
  const root = await findRoot(directory)
  const name = await findIgnoreFile(root, options)
  const rules = createIgnoreRules(await readIgnoreFile(root, name), {
    field: toField('directory', name),
    keep: options.keep ?? [],
  })
  return new ContextWalk(root, rules, options).list('')
}

class ContextWalk {
  readonly #root: string
  readonly #rules: IgnoreRules
  readonly #options: ReadContextOptions

  constructor(root: string, rules: IgnoreRules, options: ReadContextOptions) {
    this.#root = root
    this.#rules = rules
    this.#options = options
  }

  async list(directory: string): Promise<readonly ContextEntry[]> {
    this.#options.signal?.throwIfAborted()
    const entries: ContextEntry[] = []
    for (const name of await readNames(this.#root, directory)) {
      const path = directory === '' ? name : `${directory}/${name}`
      const stats = await reading(path, lstat(join(this.#root, path)))
      entries.push(...(stats.isDirectory() ? await this.#enter(path, stats) : await this.#take(path, stats)))
    }
    return entries
  }

  /** An ignored directory comes along when something below it is kept. */
  async #enter(path: string, stats: Stats): Promise<readonly ContextEntry[]> {
    const isIgnored = this.#rules.ignores(path)
    if (isIgnored && !this.#rules.mayKeepBelow(path)) return []
    const below = await this.list(path)
    return isIgnored && below.length === 0 ? [] : [toEntry(path, 'directory', stats), ...below]
  }

  async #take(path: string, stats: Stats): Promise<readonly ContextEntry[]> {
    if (this.#rules.ignores(path) || stats.isSocket()) return []
    if (stats.isSymbolicLink()) return [await this.#takeLink(path, stats)]
    if (!stats.isFile())
      throw refuse(toField('directory', path), `a file, directory or link${remedy}`, 'a special file')
    const open = () => readUnchanged(join(this.#root, path), { path, stats, signal: this.#options.signal })
    return [{ ...toEntry(path, 'file', stats), sizeBytes: stats.size, open }]
  }

  async #takeLink(path: string, stats: Stats): Promise<ContextEntry> {
    const linkTarget = await reading(path, readlink(join(this.#root, path)))
    if (!(await reading(path, staysInside(this.#root, path, linkTarget)))) {
      throw refuse(toField('directory', path), `a link that stays inside the context${remedy}`, linkTarget)
    }
    return { ...toEntry(path, 'symlink', stats), linkTarget }
  }
}

function toEntry(path: string, type: ContextEntry['type'], { mode, mtime }: Stats): ContextEntry {
  return { path, type, mode: toMode(mode), sizeBytes: 0, modifiedAt: mtime, open: nothing }
}

/** Windows has no permission bits: everything is executable there, as with docker's own CLI. */
function toMode(mode: number): number {
  return process.platform === 'win32' ? 0o755 : mode & 0o7777
}

async function findRoot(directory: unknown): Promise<string> {
  const isText = typeof directory === 'string' && directory !== '' && !directory.includes('\0')
  const root = isText ? await realpath(directory).catch(() => undefined) : undefined
  if (root === undefined || !(await stat(root)).isDirectory()) {
    throw refuse('context.directory', 'a directory that exists', directory)
  }
  return root
}

async function readNames(root: string, directory: string): Promise<readonly string[]> {
  const names = await reading(directory, readdir(join(root, directory), { encoding: 'buffer' }))
  return names.map((name) => decodeName(directory, name)).sort(compareNames)
}

/** A name that is not UTF-8 would reach the builder as another one. */
function decodeName(directory: string, name: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name)
  } catch {
    throw refuse(toField('directory', directory), 'a directory of names in UTF-8', name.toString('latin1'))
  }
}

async function findIgnoreFile(root: string, { ignoreFile: own }: ReadContextOptions): Promise<string> {
  if (own === undefined) return ignoreFile
  return (await lstat(join(root, own)).catch(() => undefined)) === undefined ? ignoreFile : own
}

async function readIgnoreFile(root: string, name: string): Promise<string> {
  const path = join(root, name)
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return ''
  const isInside = !stats.isSymbolicLink() || (await staysInside(root, name, await readlink(path)))
  const isFile = isInside && (await stat(path).catch(() => undefined))?.isFile() === true
  if (!isFile) throw refuse(toField('directory', name), 'a file inside the context', name)
  return reading(name, readFile(path, 'utf8'))
}

const remedy = '; else name it in .dockerignore'
