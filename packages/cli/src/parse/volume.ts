import { posix, win32 } from 'node:path'
import type { Mount } from '@capstan/core'
import { invalidOption } from './invalid-option.js'

/**
 * A mount from `SOURCE:TARGET[:ro|rw]`. A source with a slash, with a dot in front, or on a drive of Windows (`C:\\src`,
 * `c:/src`) is a path, taken from `cwd`; else it is the name of a volume.
 *
 * @throws HostError INVALID_ARGUMENT for anything else; options that ask for something (`z`, `Z`) are not dropped.
 */
export function parseVolume(text: string, cwd: string): Mount {
  const [source = '', target = '', mode = 'rw', ...more] = splitFields(text)
  if (target === '') throw invalidOption(option, 'SOURCE:TARGET; give the volume a name', text)
  if (source === '' || more.length > 0) throw invalidOption(option, 'SOURCE:TARGET[:ro]', text)
  const readOnly = toReadOnly(mode, text)
  if (isPath(source)) return { type: 'bind', source: toAbsolute(source, cwd), target, readOnly }
  return { type: 'volume', source, target, readOnly }
}

/** Splits at each colon except the one of a drive. As in docker's client, a single letter is a drive. */
function splitFields(text: string): readonly string[] {
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
  return source.includes('/') || source.startsWith('.') || isOfWindows(source)
}

/** Resolves a relative path by the rules of the platform that `cwd` belongs to. */
function toAbsolute(source: string, cwd: string): string {
  if (isOfWindows(source)) return source
  return isOfWindows(cwd) ? win32.resolve(cwd, source) : posix.resolve(cwd, source)
}

/** Whether the path is on a drive, a network share or a named pipe of Windows. */
function isOfWindows(path: string): boolean {
  return /^([A-Za-z]:|\\\\)/.test(path)
}

function toReadOnly(mode: string, text: string): boolean {
  const words = mode.split(',').filter((word) => !consistency.has(word))
  const stranger = words.find((word) => word !== 'ro' && word !== 'rw')
  if (stranger !== undefined) throw invalidOption(option, `mounted with ro or rw, without "${stranger}"`, text)
  return words.includes('ro')
}

const option = '--volume'
// Hints of old Docker Desktops, which every engine of today reads and ignores.
const consistency: ReadonlySet<string> = new Set(['cached', 'delegated', 'consistent'])
