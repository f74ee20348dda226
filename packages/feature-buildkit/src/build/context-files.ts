import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { type ContextEntry, type DigestedEntry, digestEntry, readBuildContext } from '@capstan/build-context'
import type { OperationOptions } from '@capstan/core'
import type { BuildRequest } from './build-request.js'

/**
 * The files of a build context, with a digest of each. All are read once before the context is sent.
 *
 * BuildKit keeps the files of the last build. It treats a file as unchanged when size, mode and time are equal, and does not
 * compare contents: https://github.com/tonistiigi/fsutil/blob/master/diff_containerd.go. So different contents of one path
 * and size need different times, in whole seconds because `tar` in the sidecar sets no fractions.
 */
export interface ContextFiles {
  /**
   * One line `FILE SECOND CONTENT` for each file, as the shell function `print_changed_times` reads it: a hash of path and size,
   * the modification time in seconds since 1970, and a digest of the content. A file with several names (hard links) has one
   * line.
   */
  readonly list: string
  /** Returns the entries with the new times. The map has them in seconds, by line number in `list`, starting at 1. */
  toEntries(changedTimes: ReadonlyMap<number, number>): readonly ContextEntry[]
}

/** Reads the context. Rejects as `readBuildContext` does. Each file is read a second time when it is sent. */
export async function readContextFiles(
  { context, dockerfile = 'Dockerfile', dockerfileText }: BuildRequest,
  { signal }: OperationOptions,
): Promise<ContextFiles> {
  // BuildKit reads the Dockerfile and both ignore files from the context that it gets, so they are sent even if excluded:
  // https://docs.docker.com/build/concepts/context/#filename-and-location
  const ignoreFile = `${posix.normalize(dockerfile)}.dockerignore`
  const keep = [posix.normalize(dockerfile), '.dockerignore', ignoreFile]
  const ignoreFileOption = dockerfileText === undefined ? { ignoreFile } : {}
  const entries: (ContextEntry | DigestedEntry)[] = []
  const seen = new Set<string>()
  for await (const entry of readBuildContext(context, { keep, ...ignoreFileOption, signal })) {
    const isHardLink = entry.fileId !== undefined && seen.has(entry.fileId)
    entries.push(entry.type === 'file' && !isHardLink ? await digestEntry(entry) : entry)
    if (entry.fileId !== undefined) seen.add(entry.fileId)
  }
  return {
    list: entries.map((entry) => ('digest' in entry ? `${toLine(entry)}\n` : '')).join(''),
    toEntries: (changedTimes) => setTimes(entries, changedTimes),
  }
}

/** Hard links get the time of the first name of their file. */
function setTimes(
  entries: readonly (ContextEntry | DigestedEntry)[],
  changedTimes: ReadonlyMap<number, number>,
): readonly ContextEntry[] {
  const timeOfFile = new Map<string, Date>()
  let number = 0
  return entries.map((entry) => {
    const { fileId } = entry
    if (!('digest' in entry)) return fileId === undefined ? entry : { ...entry, modifiedAt: timeOfFile.get(fileId) }
    number += 1
    const modifiedAt = new Date((changedTimes.get(number) ?? toSecond(entry)) * 1000)
    if (fileId !== undefined) timeOfFile.set(fileId, modifiedAt)
    return { ...entry, modifiedAt }
  })
}

/** The digest is prefixed by a letter because `awk` compares strings of digits as numbers. */
function toLine(file: DigestedEntry): string {
  const name = createHash('sha256').update(`${file.path}\0${file.sizeBytes}`).digest('hex')
  return `${name.slice(0, 32)} ${toSecond(file)} s${file.digest.slice(0, 40)}`
}

/**
 * Limits the time to a signed 32-bit number of seconds, which every `tar` can set. The last 65 535 seconds are left free for
 * times that are moved forward.
 */
function toSecond({ modifiedAt }: ContextEntry): number {
  return Math.min(Math.max(Math.floor((modifiedAt?.getTime() ?? 0) / 1000), 0), latestSecond)
}

const latestSecond = 0x7fff_0000
