import Table from 'cli-table3'
import stringWidth from 'string-width'
import { toOneLine, toPrintable } from './printable.js'
import { cutLine, wrapText } from './text.js'

export interface TableContent {
  /** As they stand: titles are written in capitals, names are not. */
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface TableOptions {
  /** In columns. Default: unlimited, with one line per row, for programs that read the table. */
  readonly width?: number | undefined
  /** How a text that is wider than its column is shortened. Default `wrap`. */
  readonly overflow?: 'wrap' | 'cut'
}

/**
 * A table without frames. With a `width` no line is longer than that: the widest columns are narrowed, and their texts are
 * wrapped or cut. Control characters are replaced; line feeds are kept only where texts may wrap.
 */
export function renderTable({ head, rows }: TableContent, { width, overflow = 'wrap' }: TableOptions = {}): string {
  const toCell = overflow === 'cut' || width === undefined ? toOneLine : toPrintable
  const cells = rows.map((row) => row.map(toCell))
  const limits = width === undefined ? undefined : fitColumns([head, ...cells], { width, overflow })
  const shorten = overflow === 'cut' ? cutLine : wrapText
  const fit = (row: readonly string[]) =>
    row.map((cell, column) => (limits === undefined ? cell : shorten(cell, limits[column] ?? 1)))
  const table = new Table({
    chars: frameless,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  })
  table.push(...spread([fit(head), ...cells.map(fit)]))
  return `${table.toString().replaceAll(/ +$/gm, '')}\n`
}

/** One row a line: cli-table3 is slow with long cells of several lines. Rows of several lines are told apart by an empty one. */
function spread(rows: readonly (readonly string[])[]): readonly string[][] {
  const isTall = rows.some((row) => row.some((cell) => cell.includes('\n')))
  return rows.flatMap((row, index) => {
    const lines = toLines(row)
    return isTall && index > 1 ? [row.map(() => ''), ...lines] : lines
  })
}

function toLines(row: readonly string[]): string[][] {
  const columns = row.map((cell) => cell.split('\n'))
  const height = Math.max(...columns.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => columns.map((lines) => lines[line] ?? ''))
}

/**
 * Widths of the columns: what they need, or less. Columns with texts of many words are narrowed first, then long words are
 * broken; where texts are cut, the last column is narrowed first.
 */
function fitColumns(
  rows: readonly (readonly string[])[],
  { width, overflow }: Required<TableOptions> & { readonly width: number },
): readonly number[] {
  const columns = rows[0]?.map((_, column) => rows.map((row) => row[column] ?? '')) ?? []
  const room = width - (columns.length - 1) * gap
  const widths = columns.map((cells) => Math.max(1, ...cells.map(widestLine)))
  const floors =
    overflow === 'cut'
      ? widths.map((columnWidth, column) => (column === columns.length - 1 ? leastCut : columnWidth))
      : columns.map((cells) => Math.min(longestUnbroken, Math.max(...cells.map(widestWord))))
  return shrink(
    shrink(widths, floors, room),
    floors.map(() => least),
    room,
  )
}

/** Takes from the widest that is above its floor, one by one, until all fit or none can give. */
function shrink(widths: readonly number[], floors: readonly number[], room: number): readonly number[] {
  const shrunk = [...widths]
  for (let excess = total(shrunk) - room; excess > 0; excess -= 1) {
    const able = shrunk.filter((width, column) => width > (floors[column] ?? 0))
    const widest = shrunk.findIndex((width, column) => width === Math.max(...able) && width > (floors[column] ?? 0))
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
const least = 4
/** The least width of a column whose texts are cut. */
const leastCut = 12
const longestUnbroken = 36
const frameless = {
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
