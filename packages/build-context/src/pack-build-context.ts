import { Readable } from 'node:stream'
import type { BuildContext } from '@capstan/core'
import type { ContextEntry } from './context-entry.js'
import { findDockerfileLocation } from './dockerfile-location.js'
import { listMemoryContext } from './memory-context.js'
import { listContext, type ReadContextOptions } from './read-build-context.js'
import { type ArchiveEntry, packEntries } from './tar-archive.js'

/** Options of `packBuildContext` and `packBuild`. */
export interface PackOptions extends ReadContextOptions {
  /** Called once, before the first byte, with the size of the archive in bytes. Headers of long names are not counted. */
  readonly onSize?: (archiveBytes: number) => void
}

/**
 * Checks a context, and resolves with a tar archive of it: owned by root, with unchanged modes.
 *
 * Rejects with INVALID_ARGUMENT as `readBuildContext` does, before anything is packed. The stream reads files only as fast as
 * it is read itself, and closes the current file when it is destroyed. When a file changes or the signal aborts, the stream
 * ends with that error and never with a complete archive.
 */
export async function packBuildContext(
  context: BuildContext | undefined,
  options: PackOptions = {},
): Promise<Readable> {
  return packContextEntries(await listContext(context, options), options)
}

/** The Dockerfile of a build. */
export interface BuildFile {
  /** The text of the Dockerfile. If a file of the context has this text, that file is used as the Dockerfile. */
  readonly text: string
  /** The text to send if the context has no such file. Default: `text`. */
  readonly replacement?: string
}

/** An archive of a context with a Dockerfile. */
export interface PackedBuild {
  readonly archive: Readable
  /** The path of the Dockerfile in the archive. */
  readonly dockerfile: string
  /** Whether the Dockerfile is a file of the context. The archive then contains only the context, without the `replacement`. */
  readonly isContextFile: boolean
}

/**
 * Packs a context and a Dockerfile for the classic builder or Buildah, so that `COPY . .` copies the files that docker's client
 * would send. Rejects and streams like `packBuildContext`.
 *
 * In one case `COPY . .` copies a changed file, as with docker's client: if no file of the context has the text of the
 * Dockerfile, and .dockerignore excludes neither itself nor any name in a directory of the context, one fixed line is added to
 * .dockerignore.
 */
export async function packBuild(
  context: BuildContext | undefined,
  file: BuildFile,
  options: PackOptions = {},
): Promise<PackedBuild> {
  const entries = await listContext(context, options)
  const { path, added } = await findDockerfileLocation(entries, file)
  const names = Object.keys(added)
  const extra = (await listMemoryContext(added, { ...options, keep: names })).filter(({ type }) => type === 'file')
  const kept = entries.filter((entry) => !names.includes(entry.path))
  return {
    archive: packContextEntries([...kept, ...extra], options),
    dockerfile: path,
    isContextFile: names.length === 0,
  }
}

/** Packs entries of `readBuildContext`, in the given order. Streams like `packBuildContext`. */
export function packContextEntries(
  given: readonly ContextEntry[],
  options: Pick<PackOptions, 'onSize' | 'signal'> = {},
): Readable {
  const entries = toArchiveEntries(given)
  options.onSize?.(toArchiveBytes(entries))
  return Readable.from(packEntries(entries, options), { objectMode: false })
}

/** The further names of a file are packed as hard links to the first. */
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

/** The size is one header block per entry, the content in whole blocks, and two empty blocks at the end. */
function toArchiveBytes(entries: readonly ArchiveEntry[]): number {
  const blocks = entries.reduce((sum, { sizeBytes }) => sum + 1 + Math.ceil(sizeBytes / blockBytes), 2)
  return blocks * blockBytes
}

const blockBytes = 512
