import { posix, win32 } from 'node:path'
import type { Mount } from '@capstan/core'
import { parseBytes } from './numbers.js'
import { createOptionError } from './option-error.js'

/**
 * Parses `SOURCE:TARGET[:ro|rw][,z|Z]`, where `z` and `Z` relabel the path for SELinux. A source that contains a slash, begins
 * with a dot, or is on a Windows drive (`C:\\src`, `c:/src`) is a path, resolved against `cwd`. Any other source is the name of a
 * volume.
 *
 * @throws HostError INVALID_ARGUMENT for any other text, including other options such as `nocopy`. Only the consistency hints of
 * Docker Desktop are ignored.
 */
export function parseVolume(text: string, cwd: string): Mount {
  const [source = '', target = '', mode = 'rw', ...more] = splitVolume(text)
  if (target === '') throw createOptionError('--volume', 'SOURCE:TARGET (anonymous volumes are not supported)', text)
  if (source === '' || more.length > 0) throw createOptionError('--volume', 'SOURCE:TARGET[:ro]', text)
  const { readOnly, relabel } = parseMode(mode, text)
  if (isPath(source)) {
    return { type: 'bind', source: toAbsolute(source, cwd), target, readOnly, ...(relabel && { relabel }) }
  }
  if (relabel !== undefined) throw createOptionError('--volume', 'a path as the source of a mount with z or Z', text)
  return { type: 'volume', source, target, readOnly }
}

/**
 * Parses `TARGET[:size=64m,mode=1777,exec]`. Also accepts the defaults `rw`, `noexec`, `nosuid` and `nodev`.
 *
 * @throws HostError INVALID_ARGUMENT for any other option.
 */
export function parseTmpfs(text: string): Mount {
  const [target = '', ...rest] = text.split(':')
  const words = rest.join(':').split(',').filter(Boolean)
  return Object.assign({ type: 'tmpfs' as const, target }, ...words.map((word) => toTmpfsOption(word, text)))
}

/** Splits at each colon except the one of a drive. As in docker's client, a single letter is a drive. */
function splitVolume(text: string): readonly string[] {
  const fields = text.split(':')
  const joined: string[] = []
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at] ?? ''
    const hasDrive = /^[A-Za-z]$/.test(field) && at + 1 < fields.length
    joined.push(hasDrive ? `${field}:${fields[at + 1]}` : field)
    if (hasDrive) at += 1
  }
  return joined
}

function isPath(source: string): boolean {
  return source.includes('/') || source.startsWith('.') || isWindowsPath(source)
}

/** Resolves a relative path by the rules of the platform that `cwd` belongs to. */
function toAbsolute(source: string, cwd: string): string {
  if (isWindowsPath(source)) return source
  return isWindowsPath(cwd) ? win32.resolve(cwd, source) : posix.resolve(cwd, source)
}

/** Whether the path is on a drive, a network share or a named pipe of Windows. */
function isWindowsPath(path: string): boolean {
  return /^([A-Za-z]:|\\\\)/.test(path)
}

function parseMode(mode: string, text: string): { readOnly: boolean; relabel: 'shared' | 'private' | undefined } {
  const words = mode.split(',').filter((word) => !consistencyHints.has(word))
  const relabels = words.filter((word) => word === 'z' || word === 'Z')
  if (words.some((word) => !['ro', 'rw', 'z', 'Z'].includes(word)) || relabels.length > 1)
    throw createOptionError('--volume', 'SOURCE:TARGET[:ro|rw][,z|Z], without other options', text)
  const relabel = relabels[0] === undefined ? undefined : relabels[0] === 'z' ? 'shared' : 'private'
  return { readOnly: words.includes('ro'), relabel }
}

type Tmpfs = Extract<Mount, { type: 'tmpfs' }>

function toTmpfsOption(word: string, text: string): Partial<Tmpfs> {
  const [key = '', value = ''] = word.split('=')
  if (key === 'size') return { sizeBytes: parseBytes(value, '--tmpfs size') }
  if (key === 'mode' && /^[0-7]{3,4}$/.test(value)) return { mode: Number.parseInt(value, 8) }
  if (word === 'exec') return { executable: true }
  if (tmpfsDefaults.has(word)) return {}
  throw createOptionError('--tmpfs', 'TARGET[:size=SIZE,mode=OCTAL,exec]', text)
}

// Consistency hints of old Docker Desktop versions; current engines ignore them.
const consistencyHints: ReadonlySet<string> = new Set(['cached', 'delegated', 'consistent'])
const tmpfsDefaults: ReadonlySet<string> = new Set(['rw', 'noexec', 'nosuid', 'nodev'])
