import { readFileSync } from 'node:fs'
import type { RuntimeReport } from '@capstan/core'
import { root } from './documents.js'

/** One column of the matrix in docs/capabilities.md: the text of the document by capability id. */
export function readColumn(runtime: string): Readonly<Record<string, string>> {
  const document = readFileSync(`${root}docs/capabilities.md`, 'utf8')
  const [header = [], , ...rows] = document
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const column = header.indexOf(runtime)
  return Object.fromEntries(rows.map((row) => [row[0]?.replaceAll('`', '') ?? '', row[column] ?? '']))
}

/** Converts a report to a column. */
export function toColumn(report: RuntimeReport): Readonly<Record<string, string>> {
  if (!report.available) throw new Error('the runtime is not available')
  return Object.fromEntries([
    ...report.provides.map(({ id }) => [id, 'yes'] as const),
    ...report.absent.map(({ id }) => [id, 'no'] as const),
  ])
}
