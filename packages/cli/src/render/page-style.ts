import type { Io } from '../io.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { PageStyle } from './section.js'
import { toStyle } from './style.js'

/** Pages on stdout: 80 columns, fewer on a narrower terminal. */
export function toPageStyle({ stdout, env }: Pick<Io, 'stdout' | 'env'>): PageStyle {
  const columns = findColumns(stdout) ?? widest
  return { width: Math.max(narrowest, Math.min(columns, widest)), style: toStyle(stdout, env) }
}

const widest = 80
const narrowest = 40
