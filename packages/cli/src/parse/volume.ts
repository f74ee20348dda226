import { resolve } from 'node:path'
import type { Mount } from '@capstan/core'
import { invalidOption } from './invalid-option.js'

/**
 * A mount from `SOURCE:TARGET[:ro|rw]`. A source with a slash, or with a dot in front, is a path, taken from `cwd`; else it is a volume's name.
 *
 * @throws HostError INVALID_ARGUMENT for anything else; options that ask for something (`z`, `Z`) are not dropped.
 */
export function parseVolume(text: string, cwd: string): Mount {
  const [source = '', target = '', mode = 'rw', ...more] = text.split(':')
  if (target === '') throw invalidOption(option, 'SOURCE:TARGET; give the volume a name', text)
  if (source === '' || more.length > 0) throw invalidOption(option, 'SOURCE:TARGET[:ro]', text)
  const readOnly = toReadOnly(mode, text)
  return isPath(source)
    ? { type: 'bind', source: resolve(cwd, source), target, readOnly }
    : { type: 'volume', source, target, readOnly }
}

function isPath(source: string): boolean {
  return source.includes('/') || source.startsWith('.')
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
