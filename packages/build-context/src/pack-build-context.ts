import { Readable } from 'node:stream'
import type { BuildContext } from '@capstan/core'
import type { ContextEntry } from './context-entry.js'
import { ignoreFile } from './ignore/ignore-rules.js'
import { toField } from './invalid-entry.js'
import { checkRelativePath, listMemoryContext } from './memory-context.js'
import { listContext, type ReadContextOptions } from './read-build-context.js'
import { packEntries } from './tar-archive.js'

/** Options of `packBuildContext`. */
export interface PackOptions extends ReadContextOptions {
  /**
   * Files for the builder alone, such as the Dockerfile: relative path → content. Default: none.
   *
   * They stand in the archive in place of the context's own, and its .dockerignore names them, so that no COPY takes
   * them into an image (the classic builder and Buildah both look there).
   */
  readonly extraFiles?: Readonly<Record<string, string | Uint8Array>>
  /** Called once, before the first byte, with the size of the archive in bytes; headers of long names are not counted. */
  readonly onSize?: (archiveBytes: number) => void
}

/**
 * Resolves with the context as a tar archive (owner root, modes kept) when all of it has been checked.
 *
 * INVALID_ARGUMENT as for `readBuildContext`, before a byte is packed. The stream reads a file no faster than it is
 * read itself; destroying it closes the file. A file that changes meanwhile, and an abort, end it with that error,
 * never with a whole archive.
 */
export async function packBuildContext(
  context: BuildContext | undefined,
  options: PackOptions = {},
): Promise<Readable> {
  const entries = await listContext(context, options)
  const extra = await listExtra(entries, options)
  const replaced = new Set(extra.map(({ path }) => path))
  const all = [...extra, ...entries.filter(({ path }) => !replaced.has(path))]
  options.onSize?.(toArchiveBytes(all))
  return Readable.from(packEntries(all, options), { objectMode: false })
}

/** A header of one block for each entry, its content in whole blocks, and two empty blocks at the end. */
function toArchiveBytes(entries: readonly ContextEntry[]): number {
  const blocks = entries.reduce((sum, { sizeBytes }) => sum + 1 + Math.ceil(sizeBytes / blockBytes), 2)
  return blocks * blockBytes
}

async function listExtra(entries: readonly ContextEntry[], options: PackOptions): Promise<readonly ContextEntry[]> {
  const { extraFiles = {} } = options
  const names = Object.keys(extraFiles)
  if (names.length === 0) return []
  for (const name of names) checkRelativePath(name, toField('files', name))
  const files = { ...extraFiles, [ignoreFile]: await hide(names, entries) }
  return listMemoryContext(files, { ...options, keep: Object.keys(files) })
}

/** The text of a .dockerignore that says what the context's own does, and drops `names` (itself, too, if it is new). */
async function hide(names: readonly string[], entries: readonly ContextEntry[]): Promise<string> {
  const own = entries.find(({ path, type }) => path === ignoreFile && type === 'file')
  const lines = own === undefined ? ignoreFile : await readText(own)
  return `${lines}\n${names.map(escapePattern).join('\n')}\n`
}

function escapePattern(name: string): string {
  return name.replace(/[*?[\]\\!#]/g, '\\$&')
}

async function readText(entry: ContextEntry): Promise<string> {
  const blocks: Uint8Array[] = []
  for await (const block of entry.open()) blocks.push(block)
  return Buffer.concat(blocks).toString('utf8')
}

const blockBytes = 512
