import type { Mount } from '@capstan/core'
import { parseBytes } from './bytes.js'
import { invalidOption } from './invalid-option.js'

/**
 * A file system in memory from `TARGET[:size=64m,mode=1777,exec]`.
 *
 * @throws HostError INVALID_ARGUMENT for another option.
 */
export function parseTmpfs(text: string): Mount {
  const [target = '', ...rest] = text.split(':')
  const words = rest.join(':').split(',').filter(Boolean)
  return Object.assign({ type: 'tmpfs' as const, target }, ...words.map((word) => toSetting(word, text)))
}

type Tmpfs = Extract<Mount, { type: 'tmpfs' }>

function toSetting(word: string, text: string): Partial<Tmpfs> {
  const [key = '', value = ''] = word.split('=')
  if (key === 'size') return { sizeBytes: parseBytes(value, `${option} size`) }
  if (key === 'mode' && /^[0-7]{3,4}$/.test(value)) return { mode: Number.parseInt(value, 8) }
  if (word === 'exec') return { executable: true }
  if (defaults.has(word)) return {}
  throw invalidOption(option, 'TARGET[:size=SIZE,mode=OCTAL,exec]', text)
}

const option = '--tmpfs'
const defaults: ReadonlySet<string> = new Set(['rw', 'noexec', 'nosuid', 'nodev'])
