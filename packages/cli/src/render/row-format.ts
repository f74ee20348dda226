import { renderTable } from './table.js'
import { parseTemplate, type Template } from './template.js'
import { wrapText } from './text.js'

/**
 * How `--format` shows the rows of a list: `json`, a template, or `table` with a template whose columns are separated by
 * tabs. `F` are the names of the fields.
 */
export interface RowFormat<F extends string> {
  /** Formats all rows of a list. A table begins with the titles of its columns. */
  renderRows(rows: readonly Row<F>[]): string
  /** Formats one row of a list that goes on, with a line feed and without titles. Columns are not aligned. */
  renderRow(row: Row<F>): string
}

/** The values of a row by the names of its fields. `{{.Label "key"}}` calls a value that is a function. */
export type Row<F extends string> = Readonly<Record<F, unknown>>

/**
 * Parses the value of `--format`. `titles` has the fields of a row, each with the title of its column in a table, or a
 * function where the field is one. Returns `undefined` where the command shows its own table: without the option, and for
 * `table` alone.
 *
 * @throws CliError naming `option` for an invalid template and an unknown field
 */
export function parseRowFormat<F extends string>(
  text: string | undefined,
  titles: Row<F>,
  { option = '--format' }: { readonly option?: string } = {},
): RowFormat<F> | undefined {
  if (text === undefined || text.trim() === '' || text.trim() === 'table') return undefined
  if (text === 'json') return createRowFormat((row) => JSON.stringify(row))
  const [prefix, rest] = /^table\s+(.*)$/s.exec(text) ?? []
  const template = parseTemplate(rest ?? text, option)
  // Finds unknown fields before the command does anything.
  const head = template.renderTitles(titles)
  return createRowFormat(template.render, prefix === undefined ? undefined : { head })
}

/** Lists the fields for the help of a command. */
export function toFormatNotes(titles: Row<string>): string {
  return `\n\n${wrapText(`The fields of --format are those of docker: ${Object.keys(titles).join(', ')}.`, helpWidth)}`
}

function createRowFormat<F extends string>(
  toLine: Template['render'],
  table?: { readonly head: string },
): RowFormat<F> {
  const renderRow = (row: Row<F>) => `${toLine(row)}\n`
  if (table === undefined) return { renderRow, renderRows: (rows) => rows.map(renderRow).join('') }
  const toCells = (line: string) => line.split('\t')
  return {
    renderRow,
    renderRows: (rows) => {
      const head = toCells(table.head)
      return renderTable({ head, rows: rows.map((row) => toCells(toLine(row))) })
    },
  }
}

const helpWidth = 80
