import Table from 'cli-table3'
import stringWidth from 'string-width'
import { toOneLine, toPrintable } from './printable.js'
import { cutLine, wrapText } from './text.js'

export interface TableContent {
  /** Shown unchanged: titles are in capitals, names are not. */
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
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
  const cells = rows.map((row) => row.map(toCell))
  const limits = width === undefined ? undefined : fitColumns([head, ...cells], { width, overflow })
  const shorten = overflow === 'cut' ? cutLine : wrapText
  const fit = (row: readonly string[]) =>
    row.map((cell, column) => (limits === undefined ? cell : shorten(cell, limits[column] ?? 1)))
  const table = new Table({
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  })
  table.push(...splitRows([fit(head), ...cells.map(fit)]))
  return `${table.toString().replaceAll(/ +$/gm, '')}\n`
}

/** Makes one row per line, since cli-table3 is slow with cells of several lines. Separates rows of several lines by an empty one. */
function splitRows(rows: readonly (readonly string[])[]): readonly string[][] {
  const hasLineBreaks = rows.some((row) => row.some((cell) => cell.includes('\n')))
  return rows.flatMap((row, index) => {
    const lines = toLines(row)
    return hasLineBreaks && index > 1 ? [row.map(() => ''), ...lines] : lines
  })
}

function toLines(row: readonly string[]): string[][] {
  const columns = row.map((cell) => cell.split('\n'))
  const height = Math.max(...columns.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => columns.map((lines) => lines[line] ?? ''))
}

/**
 * Returns the widths of the columns. When texts wrap, columns with many words are narrowed first, then long words are broken.
 * When texts are cut, the last column is narrowed first.
 */
function fitColumns(
  rows: readonly (readonly string[])[],
  { width, overflow }: Required<TableOptions> & { readonly width: number },
): readonly number[] {
  const columns = rows[0]?.map((_, column) => rows.map((row) => row[column] ?? '')) ?? []
  const room = width - (columns.length - 1) * gap
  const widths = columns.map((cells) => Math.max(1, ...cells.map(widestLine)))
  const minimums =
    overflow === 'cut'
      ? widths.map((columnWidth, column) => (column === columns.length - 1 ? minCutWidth : columnWidth))
      : columns.map((cells) => Math.min(maxUnbrokenWidth, Math.max(...cells.map(widestWord))))
  return shrink(
    shrink(widths, minimums, room),
    minimums.map(() => minWidth),
    room,
  )
}

/** Narrows the widest column that is above its minimum, by one each time, until the table fits or no column is left. */
function shrink(widths: readonly number[], minimums: readonly number[], room: number): readonly number[] {
  const shrunk = [...widths]
  for (let excess = total(shrunk) - room; excess > 0; excess -= 1) {
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

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

const gap = 3
const minWidth = 4
/** The minimum width of a column whose texts are cut. */
const minCutWidth = 12
const maxUnbrokenWidth = 36
const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}
