import stringWidth from 'string-width'
import { toOneLine, toPrintable } from './printable.js'
import { cutLine, wrapText } from './text.js'

type Row = readonly string[]

export interface TableContent {
  /** The titles of the columns, shown unchanged. Fixed titles are in capitals; the name of a runtime keeps its case. */
  readonly head: Row
  readonly rows: readonly Row[]
}

export interface TableOptions {
  /** In columns. Default: unlimited, with one line per row, for programs that read the table. */
  readonly width?: number | undefined
  /** What happens to a text that is wider than its column. Default `wrap`. */
  readonly overflow?: 'wrap' | 'cut'
}

/**
 * Renders a table without borders. With a `width`, no line is longer: the widest columns are narrowed, and their texts are
 * wrapped or cut. Control characters are replaced; line feeds are kept only if texts may wrap.
 */
export function renderTable({ head, rows }: TableContent, { width, overflow = 'wrap' }: TableOptions = {}): string {
  const toCell = overflow === 'cut' || width === undefined ? toOneLine : toPrintable
  const cells = [head, ...rows.map((row) => row.map(toCell))]
  const lines = splitRows(width === undefined ? cells : fitCells(cells, { width, overflow }))
  const widths = toColumns(lines).map((texts) => Math.max(...texts.map((text) => stringWidth(text))))
  const pad = (text: string, column: number) => text + ' '.repeat((widths[column] ?? 0) - stringWidth(text))
  return lines.map((line) => `${line.map(pad).join(gap).trimEnd()}\n`).join('')
}

/** Renders a table as {@link renderTable} does; the empty string if it has no rows. */
export function renderOptionalTable(content: TableContent, options: TableOptions): string {
  return content.rows.length === 0 ? '' : renderTable(content, options)
}

/** Returns one row per line of text. Separates rows by an empty line if one has several lines. */
function splitRows(rows: readonly Row[]): readonly Row[] {
  const hasLineBreaks = rows.some((row) => row.some((cell) => cell.includes('\n')))
  return rows.flatMap((row, index) => {
    const lines = toLines(row)
    return hasLineBreaks && index > 1 ? [row.map(() => ''), ...lines] : lines
  })
}

function toLines(row: Row): readonly Row[] {
  const columns = row.map((cell) => cell.split('\n'))
  const height = Math.max(...columns.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => columns.map((lines) => lines[line] ?? ''))
}

/**
 * Wraps or cuts the cells to columns that fit the width. When texts wrap, columns with many words are narrowed first, then
 * long words are broken. When texts are cut, the last column is narrowed first.
 */
function fitCells(
  rows: readonly Row[],
  { width, overflow }: { readonly width: number; readonly overflow: 'wrap' | 'cut' },
): readonly Row[] {
  const columns = toColumns(rows)
  const room = width - (columns.length - 1) * gap.length
  const widths = columns.map((cells) => Math.max(1, ...cells.map(widestLine)))
  const minimums =
    overflow === 'cut'
      ? widths.map((columnWidth, column) => (column === columns.length - 1 ? minCutWidth : columnWidth))
      : columns.map((cells) => Math.min(maxUnbrokenWidth, Math.max(...cells.map(widestWord))))
  const absoluteMinimums = minimums.map(() => minWidth)
  const limits = shrink(shrink(widths, minimums, room), absoluteMinimums, room)
  const shorten = overflow === 'cut' ? cutLine : wrapText
  return rows.map((row) => row.map((cell, column) => shorten(cell, limits[column] ?? 1)))
}

function toColumns(rows: readonly Row[]): readonly Row[] {
  return rows[0]?.map((_, column) => rows.map((row) => row[column] ?? '')) ?? []
}

/** Narrows the widest column that is above its minimum, by one each time, until the table fits or no column is left. */
function shrink(widths: readonly number[], minimums: readonly number[], room: number): readonly number[] {
  const shrunk = [...widths]
  for (let excess = shrunk.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess -= 1) {
    const wider = shrunk.filter((width, column) => width > (minimums[column] ?? 0))
    const widest = shrunk.findIndex((width, column) => width === Math.max(...wider) && width > (minimums[column] ?? 0))
    if (widest === -1) break
    shrunk[widest] = (shrunk[widest] ?? 0) - 1
  }
  return shrunk
}

function widestWord(text: string): number {
  return Math.max(...text.split(/\s+/).map((word) => stringWidth(word)))
}

function widestLine(text: string): number {
  return Math.max(...text.split('\n').map((line) => stringWidth(line)))
}

const gap = '   '
const minWidth = 4
/** The minimum width of a column whose texts are cut. */
const minCutWidth = 12
const maxUnbrokenWidth = 36
