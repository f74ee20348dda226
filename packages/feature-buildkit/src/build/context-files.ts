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
  /** A line `FILE SECOND CONTENT` for each file. */
  readonly list: string
  /** The entries, with the time of each file as the sidecar answered it by the number of its line. */
  toEntries(seconds: ReadonlyMap<number, number>): readonly ContextEntry[]
}

export async function readContextFiles(
  { context, dockerfile = 'Dockerfile', dockerfileText }: BuildRequest,
  { signal }: OperationOptions,
): Promise<ContextFiles> {
  // As BuildKit does, which looks for both once more: https://docs.docker.com/build/concepts/context/#filename-and-location
  const ignoreFile = `${posix.normalize(dockerfile)}.dockerignore`
  const keep = [posix.normalize(dockerfile), '.dockerignore', ignoreFile]
  const own = dockerfileText === undefined ? { ignoreFile } : {}
  const others: ContextEntry[] = []
  const files: DigestedEntry[] = []
  for await (const entry of readBuildContext(context, { keep, ...own, signal })) {
    if (entry.type === 'file') files.push(await digestEntry(entry))
    else others.push(entry)
  }
  return {
    list: files.map((file) => `${toLine(file)}\n`).join(''),
    // A directory has its parents before it; a file or a link needs its directory, and no other.
    toEntries: (seconds) => [
      ...others,
      ...files.map((file, index) => ({
        ...file,
        modifiedAt: new Date((seconds.get(index + 1) ?? toSecond(file)) * 1000),
      })),
    ],
  }
}

/** A letter before the digest: `awk` takes one of digits alone for a number. */
function toLine(file: DigestedEntry): string {
  const name = createHash('sha256').update(`${file.path}\0${file.sizeBytes}`).digest('hex')
  return `${name.slice(0, 32)} ${toSecond(file)} s${file.digest.slice(0, 40)}`
}

/** What a tar can hold, and some more seconds after the last. */
function toSecond({ modifiedAt }: ContextEntry): number {
  return Math.min(Math.max(Math.floor((modifiedAt?.getTime() ?? 0) / 1000), 0), latestSecond)
}

const latestSecond = 0x7fff_0000
