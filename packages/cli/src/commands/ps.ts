import type { ContainerInfo, Runtime } from '@capstan/core'
import type { Command } from 'commander'
import { hasNoProcess } from '../host/find-container.js'
import { inspectEach } from '../host/inspect-each.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { filterHelp, parseContainerFilter } from '../options/container-filter.js'
import { parseKeyValues } from '../options/key-values.js'
import { parseNumber } from '../options/numbers.js'
import { type ContainerRowSource, containerTitles, toContainerRow } from '../render/container-row.js'
import { toAge } from '../render/duration.js'
import { toPortText, withPortHost } from '../render/port-text.js'
import { toOneLine } from '../render/printable.js'
import { parseRowFormat, toFormatNotes } from '../render/row-format.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan ps`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Lists the running containers of the runtime and their published ports, including those not created by Capstan.',
    )
    .option('-a, --all', 'Show all containers, not only running ones')
    .option('-n, --last <number>', 'Show the containers that were created last, in any state')
    .option('-l, --latest', 'Show the container that was created last, in any state')
    .option('-q, --quiet', 'Print full container IDs only')
    .option('--no-trunc', 'Print full IDs')
    .option('-f, --filter <key=value>', filterHelp, collect)
    .option('--label <key=value>', 'Show only containers with this label (repeatable)', collect)
    .option('--format <format>', "Print rows by a template such as '{{.Names}}', 'table TEMPLATE' or json")
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples(examples) + toFormatNotes(containerTitles))
  setAction<PsOptions>(command, ps)
}

const examples = {
  'capstan ps --all': 'List all containers, newest first',
  'capstan ps --filter status=exited --filter name=web': 'List the exited containers with "web" in the name',
  "capstan ps --format '{{.Names}}\\t{{.Status}}'": 'List the names and the states',
}

interface PsOptions {
  readonly all?: boolean
  readonly last?: string
  readonly latest?: boolean
  readonly quiet?: boolean
  readonly trunc: boolean
  readonly filter?: readonly string[]
  readonly label?: readonly string[]
  readonly format?: string
  readonly json?: boolean
}

async function ps({ invocation, options }: Call<PsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const labels = parseKeyValues(options.label ?? [], { option: '--label' })
  const filter = parseContainerFilter(options.filter ?? [])
  const format = options.json || options.quiet ? undefined : parseRowFormat(options.format, containerTitles)
  const limit = toLimit(options)
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const listOptions = { ...filter.listOptions, labels: { ...labels, ...filter.listOptions.labels }, signal }
  const found = await runtime.listContainers(listOptions)
  const candidates = found.filter(
    ({ state }) => options.all === true || limit !== undefined || filter.showsAll || !hasNoProcess(state),
  )
  // Only a container with a process publishes ports; the other fields of an inspection are shown only by a format.
  const needsInspection = ({ state }: ContainerInfo) =>
    format !== undefined ||
    filter.needsInspection ||
    ((!options.quiet || options.json === true) && !hasNoProcess(state))
  const ids = candidates.filter(needsInspection).map(({ id }) => id)
  const [inspections, all, images] = await Promise.all([
    inspectEach(runtime, ids, { signal }),
    filter.needsAll ? runtime.listContainers({ signal }) : found,
    filter.needsImages ? runtime.listImages({ signal }) : [],
  ])
  const sources = candidates
    .map((container) => ({ container, inspection: inspections.get(container.id) }))
    .filter((source) => filter.matches({ ...source, all, images }))
    .toSorted((one, other) => toTime(other.container) - toTime(one.container))
    .slice(0, limit)
  const rowOptions = { now: new Date(), truncate: options.trunc }
  const text =
    format === undefined
      ? toText(sources, { options, runtime, runtimeName, width: findColumns(io.stdout) })
      : format.renderRows(sources.map((source) => toContainerRow(source, { ...rowOptions, runtime })))
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

/** Returns how many of the newest containers to show; `undefined` for all. */
function toLimit({ last, latest }: PsOptions): number | undefined {
  if (latest === true) return 1
  return last === undefined ? undefined : parseNumber(last, { option: '--last', integer: true })
}

interface TextOptions {
  readonly options: PsOptions
  readonly runtime: Runtime
  readonly runtimeName: string
  /** The width of the terminal. `undefined`: one line per container, for programs. */
  readonly width: number | undefined
}

function toText(sources: readonly ContainerRowSource[], { options, runtime, runtimeName, width }: TextOptions): string {
  const containers = sources.map(({ container, inspection }) => ({ ...container, ports: inspection?.ports ?? [] }))
  if (options.json) return toJson({ runtime: runtimeName, containers })
  if (options.quiet) return containers.map(({ id }) => `${id}\n`).join('')
  const now = new Date()
  const rows = containers.map(({ id, name, image, state, health, createdAt, ports }) =>
    [
      options.trunc ? id.slice(0, 12) : id,
      name,
      image,
      health === undefined ? state : `${state} (${health})`,
      toAge(createdAt, now),
      withPortHost(ports, runtime).map(toPortText).join(', '),
    ].map(toOneLine),
  )
  return renderTable({ head: ['ID', 'NAME', 'IMAGE', 'STATE', 'CREATED', 'PORTS'], rows }, { width })
}

function toTime({ createdAt }: ContainerInfo): number {
  return createdAt?.getTime() ?? 0
}
