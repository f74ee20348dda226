import { Readable } from 'node:stream'
import type { BuildContext } from '@capstan/core'
import type { ContextEntry } from './context-entry.js'
import { findDockerfilePlace } from './dockerfile-place.js'
import { listMemoryContext } from './memory-context.js'
import { listContext, type ReadContextOptions } from './read-build-context.js'
import { type ArchiveEntry, packEntries } from './tar-archive.js'

/** Options of `packBuildContext` and `packBuild`. */
export interface PackOptions extends ReadContextOptions {
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
  return packContextEntries(await listContext(context, options), options)
}

/** The Dockerfile of a build. */
export interface BuildFile {
  /** The text that the caller gave. A file of the context with this text is used as the Dockerfile. */
  readonly text: string
  /** What is sent when the context has no such file. Default: `text`. */
  readonly replacement?: string
}

/** An archive with everything that a builder needs. */
export interface PackedBuild {
  readonly archive: Readable
  /** The path of the Dockerfile in the archive. */
  readonly dockerfile: string
  /** Whether the Dockerfile is a file of the context. The archive then has the context alone, without the `replacement`. */
  readonly isContextFile: boolean
}

/**
 * Packs a context and a Dockerfile for the classic builder, or Buildah, so that `COPY . .` sees what docker's client would
 * send. Rejects, and streams, as `packBuildContext` does.
 *
 * In one case `COPY . .` sees more, as with docker's client: when no file of the context has the text of the Dockerfile, and
 * the context has a .dockerignore that drops neither itself nor any name in a directory of the context, that file gets one
 * more line, always the same.
 */
export async function packBuild(
  context: BuildContext | undefined,
  file: BuildFile,
  options: PackOptions = {},
): Promise<PackedBuild> {
  const entries = await listContext(context, options)
  const { path, added } = await findDockerfilePlace(entries, file)
  const names = Object.keys(added)
  const extra = (await listMemoryContext(added, { ...options, keep: names })).filter(({ type }) => type === 'file')
  const kept = entries.filter((entry) => !names.includes(entry.path))
  return {
    archive: packContextEntries([...kept, ...extra], options),
    dockerfile: path,
    isContextFile: names.length === 0,
  }
}

/** Packs entries that `readBuildContext` has given, in this order. Streams as `packBuildContext` does. */
export function packContextEntries(
  given: readonly ContextEntry[],
  options: Pick<PackOptions, 'onSize' | 'signal'> = {},
): Readable {
  const entries = toArchiveEntries(given)
  options.onSize?.(toArchiveBytes(entries))
  return Readable.from(packEntries(entries, options), { objectMode: false })
}

/** Of a file with several names the first is packed, and each other one as a hard link to it. */
function toArchiveEntries(entries: readonly ContextEntry[]): readonly ArchiveEntry[] {
  const packed = new Map<string, string>()
  return entries.map((entry) => {
    const { fileId, path } = entry
    const linkTarget = fileId === undefined ? undefined : packed.get(fileId)
    if (linkTarget !== undefined) return { ...entry, type: 'link', sizeBytes: 0, linkTarget }
    if (fileId !== undefined) packed.set(fileId, path)
    return entry
  })
}

/** A header of one block for each entry, its content in whole blocks, and two empty blocks at the end. */
function toArchiveBytes(entries: readonly ArchiveEntry[]): number {
  const blocks = entries.reduce((sum, { sizeBytes }) => sum + 1 + Math.ceil(sizeBytes / blockBytes), 2)
  return blocks * blockBytes
}

const blockBytes = 512
