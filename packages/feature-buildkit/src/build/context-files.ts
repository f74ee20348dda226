import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { type ContextEntry, type DigestedEntry, digestEntry, readBuildContext } from '@capstan/build-context'
import type { OperationOptions } from '@capstan/core'
import type { BuildRequest } from './build-request.js'

/**
 * The context of one build, read to its end before anything is sent.
 *
 * BuildKit keeps the files of the last build, and takes one for unchanged when its size, mode and time agree; it never
 * compares the content: https://github.com/tonistiigi/fsutil/blob/master/diff_containerd.go. So of one path and size each
 * content must have a time of its own, in whole seconds, since that is what `tar` in the sidecar sets.
 */
export interface ContextFiles {
  /** A line `FILE SECOND CONTENT` for each file; a file with several names has one line. */
  readonly list: string
  /** The entries, with the time of each file as the sidecar answered it by the number of its line. */
  toEntries(seconds: ReadonlyMap<number, number>): readonly ContextEntry[]
}

/** Reads the context as `readBuildContext` does, and fails as that; each file is read once more when it is sent. */
export async function readContextFiles(
  { context, dockerfile = 'Dockerfile', dockerfileText }: BuildRequest,
  { signal }: OperationOptions,
): Promise<ContextFiles> {
  // As BuildKit does, which looks for both once more: https://docs.docker.com/build/concepts/context/#filename-and-location
  const ignoreFile = `${posix.normalize(dockerfile)}.dockerignore`
  const keep = [posix.normalize(dockerfile), '.dockerignore', ignoreFile]
  const own = dockerfileText === undefined ? { ignoreFile } : {}
  const entries: (ContextEntry | DigestedEntry)[] = []
  const seen = new Set<string>()
  for await (const entry of readBuildContext(context, { keep, ...own, signal })) {
    const isFurtherName = entry.fileId !== undefined && seen.has(entry.fileId)
    entries.push(entry.type === 'file' && !isFurtherName ? await digestEntry(entry) : entry)
    if (entry.fileId !== undefined) seen.add(entry.fileId)
  }
  return {
    list: entries.map((entry) => ('digest' in entry ? `${toLine(entry)}\n` : '')).join(''),
    toEntries: (seconds) => setTimes(entries, seconds),
  }
}

/** A further name of a file is a hard link in the archive: it has the time of the first. */
function setTimes(
  entries: readonly (ContextEntry | DigestedEntry)[],
  seconds: ReadonlyMap<number, number>,
): readonly ContextEntry[] {
  const timeOfFile = new Map<string, Date>()
  let number = 0
  return entries.map((entry) => {
    const { fileId } = entry
    if (!('digest' in entry)) return fileId === undefined ? entry : { ...entry, modifiedAt: timeOfFile.get(fileId) }
    number += 1
    const modifiedAt = new Date((seconds.get(number) ?? toSecond(entry)) * 1000)
    if (fileId !== undefined) timeOfFile.set(fileId, modifiedAt)
    return { ...entry, modifiedAt }
  })
}

/** A letter before the digest: `awk` takes one of digits alone for a number. */
function toLine(file: DigestedEntry): string {
  const name = createHash('sha256').update(`${file.path}\0${file.sizeBytes}`).digest('hex')
  return `${name.slice(0, 32)} ${toSecond(file)} s${file.digest.slice(0, 40)}`
}

/** A tar has none before 1970, and none after 2038; some seconds after the latest are left for other contents. */
function toSecond({ modifiedAt }: ContextEntry): number {
  return Math.min(Math.max(Math.floor((modifiedAt?.getTime() ?? 0) / 1000), 0), latestSecond)
}

const latestSecond = 0x7fff_0000
