import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * Receives the files of a directory like the daemon, and returns the regular ones by path.
 *
 * The daemon keeps a copy for each name of a local source, and another one if that is in use by another build. A file with the
 * same size, mode, time (in nanoseconds) and link target as in the copy counts as unchanged and is not sent. Contents are not
 * compared. Frontends name every main context `context`.
 * https://github.com/moby/buildkit/blob/v0.32.2/source/local/source.go,
 * https://github.com/tonistiigi/fsutil/blob/master/diff_containerd.go
 */
export function receiveFiles(name: string, directory: string): ReadonlyMap<string, Buffer> {
  const copy = lockCopy(join(root, `local-${name}`))
  const before = readIndex(copy)
  const entries = listEntries(directory)
  const sent = [...entries].filter(([path, attributes]) => !isSame(before[path], attributes))
  const index = Object.fromEntries(
    [...entries].map(([path, attributes]) => [path, { ...attributes, blob: before[path]?.blob ?? '' }]),
  )
  for (const [path, { isFile }] of sent) {
    const kept = index[path]
    if (kept !== undefined && isFile) kept.blob = keepBlob(copy, readFileSync(join(directory, path)))
  }
  writeFileSync(join(copy, 'index.json'), JSON.stringify(index))
  writeFileSync(
    join(root, 'fake-buildkit-sent.json'),
    JSON.stringify(sent.flatMap(([path, { isFile }]) => (isFile ? [path] : []))),
  )
  const files = Object.entries(index).filter(([, { isFile }]) => isFile)
  return new Map(files.sort().map(([path, { blob }]) => [path, readFileSync(join(copy, blob))]))
}

/** The attributes that are compared. */
interface Attributes {
  readonly isFile: boolean
  readonly mode: number
  readonly size: number
  readonly time: string
  readonly link: string
}

interface Kept extends Attributes {
  blob: string
}

function isSame(kept: Kept | undefined, attributes: Attributes): boolean {
  const { blob: _, ...before } = kept ?? { blob: '' }
  return JSON.stringify(before) === JSON.stringify(attributes)
}

function listEntries(directory: string): ReadonlyMap<string, Attributes> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return new Map(paths.sort().map((path) => [path, readAttributes(join(directory, path))]))
}

/** Size and time of a directory are ignored. */
function readAttributes(path: string): Attributes {
  const stats = lstatSync(path, { bigint: true })
  const isDirectory = stats.isDirectory()
  return {
    isFile: stats.isFile(),
    mode: Number(stats.mode),
    size: isDirectory ? 0 : Number(stats.size),
    time: isDirectory ? '' : String(stats.mtimeNs),
    link: stats.isSymbolicLink() ? readlinkSync(path) : '',
  }
}

function readIndex(copy: string): Record<string, Kept> {
  const path = join(copy, 'index.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}

function keepBlob(copy: string, content: Buffer): string {
  const blob = createHash('sha256').update(content).digest('hex')
  if (!existsSync(join(copy, blob))) writeFileSync(join(copy, blob), content)
  return blob
}

/** Locks the first copy that no other build uses, until this process ends. */
function lockCopy(base: string): string {
  for (let number = 1; ; number += 1) {
    const copy = `${base}-${number}`
    mkdirSync(copy, { recursive: true })
    if (tryLock(`${copy}.lock`)) return copy
  }
}

function tryLock(path: string): boolean {
  try {
    mkdirSync(path)
  } catch {
    return false
  }
  process.once('exit', () => rmdirSync(path))
  return true
}

const root = '/var/lib/buildkit'
