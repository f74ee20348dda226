import type { Command } from 'commander'
import type { Invocation } from '../host/invocation.js'
import { parseRowFormat, type Row, toFormatNotes } from '../render/row-format.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'

/** The options of a list. */
export interface ListPrinterOptions {
  readonly quiet?: boolean
  readonly format?: string
  readonly json?: boolean
}

/** Adds the options of a list to a command. */
export function addListOptions(command: Command, titles: Row<string>): Command {
  return command
    .option('-q, --quiet', 'Print IDs only')
    .option('--format <format>', "Print rows by a template such as '{{.Name}}', 'table TEMPLATE' or json")
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toFormatNotes(titles))
}

/** Prints the rows of a list as the options say: IDs, a JSON document, by a template, or as a table of `columns`. */
export type ListPrinter<F extends string> = (
  invocation: Invocation,
  list: { readonly rows: readonly Row<F>[]; readonly ids: readonly string[]; readonly document: object },
) => Promise<void>

/**
 * Creates the printer of a list.
 *
 * @throws CliError for an invalid `--format`
 */
export function createListPrinter<F extends string>(
  options: ListPrinterOptions,
  { titles, columns }: { readonly titles: Row<F>; readonly columns: readonly F[] },
): ListPrinter<F> {
  const format = options.json || options.quiet ? undefined : parseRowFormat(options.format, titles)
  return async ({ io, interrupts }, { rows, ids, document }) => {
    const toTable = () => {
      const head = columns.map((field) => String(titles[field]))
      const cells = rows.map((row) => columns.map((field) => String(row[field])))
      return renderTable({ head, rows: cells }, { width: findColumns(io.stdout) })
    }
    const toText = () => (options.quiet ? ids.map((id) => `${id}\n`).join('') : (format?.renderRows(rows) ?? toTable()))
    await writeOutput(io.stdout, options.json ? toJson(document) : toText(), interrupts)
  }
}
