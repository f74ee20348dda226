import { imageManagerCapability } from '@capstan/core'
import { validateImageReference } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { resolveImage } from '../host/find-image.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { type HistoryField, historyTitles, toHistoryRow } from '../render/image-row.js'
import { toOneLine } from '../render/printable.js'
import { parseRowFormat, type Row, toFormatNotes } from '../render/row-format.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan history`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Shows the steps by which an image was created, the last one first.')
    .argument('<image>', 'Reference, ID, or prefix of an ID')
    .option('-q, --quiet', 'Print image IDs only')
    .option('-H, --human', 'Print sizes in units; --human=false: in bytes', true)
    .option('--no-trunc', 'Print full IDs and commands')
    .option('--format <format>', "Print rows by a template such as '{{.CreatedBy}}', 'table TEMPLATE' or json")
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan history --no-trunc busybox': 'Show the complete commands' }) + toFormatNotes(historyTitles),
    )
  setAction<HistoryOptions>(command, history)
}

interface HistoryOptions {
  readonly quiet?: boolean
  readonly human: boolean
  readonly trunc: boolean
  readonly format?: string
  readonly json?: boolean
}

async function history({ invocation, operands, options }: Call<HistoryOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [reference = ''] = operands
  validateImageReference(reference)
  const format = options.json || options.quiet ? undefined : parseRowFormat(options.format, historyTitles)
  await using opened = await openRuntime(invocation, { requires: [imageManagerCapability] })
  const { runtime, runtimeName } = opened.scope
  const manager = await opened.require(imageManagerCapability)
  const image = await resolveImage(runtime, reference, { signal })
  const steps = await manager.imageHistory(image, { signal })
  const { human, trunc: truncate } = options
  const rows = steps.map((step) => toHistoryRow(step, { now: new Date(), truncate, human }))
  const text = options.json
    ? toJson({ runtime: runtimeName, image: reference, history: steps })
    : (format?.renderRows(rows) ?? toText(rows, options, findColumns(io.stdout)))
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

function toText(rows: readonly Row<HistoryField>[], { quiet }: HistoryOptions, width: number | undefined): string {
  if (quiet) return rows.map(({ ID }) => `${ID}\n`).join('')
  const head = columns.map((field) => String(historyTitles[field]))
  return renderTable(
    { head, rows: rows.map((row) => columns.map((field) => toOneLine(String(row[field])))) },
    { width },
  )
}

const columns: readonly HistoryField[] = ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment']
