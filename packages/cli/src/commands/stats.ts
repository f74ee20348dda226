import { containerStatsCapability } from '@capstan/core'
import type { Command } from 'commander'
import { openRuntime } from '../host/open-host.js'
import { type MeasuredContainer, measureContainers, watchContainers } from '../host/watch-containers.js'
import { toExamples } from '../options/command-definition.js'
import { toOneLine } from '../render/printable.js'
import { parseRowFormat, type RowFormat, toFormatNotes } from '../render/row-format.js'
import { type StatsField, statsTitles, toStatsRow } from '../render/stats-row.js'
import { renderTable } from '../render/table.js'
import { toJson, toJsonLine, writeOutput } from '../render/write-output.js'
import type { Output } from '../terminal/io.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan stats`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Shows the CPU, memory, network and block I/O of containers each second, until they stop or Ctrl-C. On a terminal, the table is redrawn.',
    )
    .argument('[container...]', 'ID, prefix of an ID, or name (default: all running containers)')
    .option('--no-stream', 'Show one sample and exit')
    .option('--no-trunc', 'Print full IDs')
    .option('--format <format>', "Print rows by a template such as '{{.Name}}: {{.CPUPerc}}', 'table TEMPLATE' or json")
    .option('--json', 'Print numbers as JSON: one document per line, or one for --no-stream')
    .addHelpText('after', toExamples(examples) + toFormatNotes(statsTitles))
  setAction<StatsOptions>(command, stats)
}

const examples = {
  'capstan stats web db': 'Watch containers "web" and "db"',
  'capstan stats --no-stream': 'Show all running containers once',
}

interface StatsOptions {
  readonly stream: boolean
  readonly trunc: boolean
  readonly format?: string
  readonly json?: boolean
}

async function stats({ invocation, operands, options }: Call<StatsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const format = options.json ? undefined : parseRowFormat(options.format, statsTitles)
  await using opened = await openRuntime(invocation, { requires: [containerStatsCapability] })
  const { runtime, runtimeName } = opened.scope
  const manager = await opened.require(containerStatsCapability)
  const watching = { runtime, stats: manager, references: operands, signal }
  if (!options.stream) {
    const measured = await measureContainers(watching)
    const text = options.json
      ? toJson({ runtime: runtimeName, containers: measured.map(toDocument) })
      : toText(measured, { format, options, width: findColumns(io.stdout) })
    await writeOutput(io.stdout, text, interrupts)
    return 0
  }
  const isLive = io.stdout.isTTY === true && !options.json && format === undefined
  using page = isLive ? await createLivePage(io.stdout) : undefined
  for await (const measured of watchContainers(watching)) {
    const text = options.json
      ? measured.map((container) => toJsonLine(toDocument(container))).join('')
      : toText(measured, { format, options, width: findColumns(io.stdout) })
    if (page !== undefined) page.show(text)
    else if (measured.length > 0) await writeOutput(io.stdout, text, interrupts)
  }
  return 0
}

/** Text on a terminal that is replaced. The last text stays visible after the disposal. */
interface LivePage extends Disposable {
  show(text: string): void
}

/** Creates a {@link LivePage}, by a library that is loaded here, since most commands need none. */
async function createLivePage(output: Output): Promise<LivePage> {
  const { createLogUpdate } = await import('log-update')
  // A stream with `isTTY` is a WriteStream.
  const update = createLogUpdate(output as NodeJS.WriteStream)
  return {
    show: (text) => update(text.trimEnd()),
    [Symbol.dispose]: () => update.done(),
  }
}

function toDocument({ container, sample }: MeasuredContainer): object {
  const { id, name } = container
  return { id, name, ...sample }
}

interface TextOptions {
  readonly format: RowFormat<StatsField> | undefined
  readonly options: StatsOptions
  readonly width: number | undefined
}

function toText(measured: readonly MeasuredContainer[], { format, options, width }: TextOptions): string {
  const rows = measured.map((container) => toStatsRow(container, { truncate: options.trunc }))
  if (format !== undefined) return format.renderRows(rows)
  const head = columns.map((field) => String(statsTitles[field]))
  const cells = rows.map((row) => columns.map((field) => toOneLine(String(row[field]))))
  return renderTable({ head, rows: cells }, { width, overflow: 'cut' })
}

const columns: readonly StatsField[] = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs']
