import { readFileSync } from 'node:fs'
import type { FeatureSupport } from '@capstan/core'
import { root } from './documents.js'

/** One row of the table in docs/buildkit.md: an answer of `support()`. */
export interface SupportRow {
  readonly runtime: string
  readonly supported: string
  readonly missing: string
  readonly missingOptional: string
}

/** Reads the rows of the table. */
export function readSupportTable(): readonly SupportRow[] {
  const lines = readFileSync(`${root}docs/buildkit.md`, 'utf8').split('\n')
  const rows = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').slice(1, -1))
  return rows.slice(2).map((cells) => {
    const [runtime = '', supported = '', missing = '', missingOptional = ''] = cells.map((cell) => cell.trim())
    return { runtime, supported, missing, missingOptional }
  })
}

/** Converts an answer to a row. */
export function toSupportRow(runtime: string, support: FeatureSupport): SupportRow {
  const join = (list: readonly { readonly title: string }[]) => list.map(({ title }) => title).join(', ')
  if (support.supported)
    return { runtime, supported: 'yes', missing: '', missingOptional: join(support.missingOptional) }
  return { runtime, supported: 'no', missing: join(support.missing), missingOptional: '' }
}
