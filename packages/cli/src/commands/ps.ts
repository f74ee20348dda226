import type { ContainerInfo } from '@capstan/core'
import type { PortBinding } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { hasNoProcess } from '../host/find-container.js'
import { findPorts } from '../host/find-ports.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseKeyValues } from '../options/key-values.js'
import { toAge } from '../render/duration.js'
import { toPortText } from '../render/port-text.js'
import { toOneLine } from '../render/printable.js'
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
    .option('-q, --quiet', 'Print full container IDs only')
    .option('--label <key=value>', 'Show only containers with this label (repeatable)', collect)
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan ps --all': 'List all containers, newest first' }))
  setAction<PsOptions>(command, ps)
}

interface PsOptions {
  readonly all?: boolean
  readonly quiet?: boolean
  readonly label?: readonly string[]
  readonly json?: boolean
}

async function ps({ invocation, options }: Call<PsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const labels = parseKeyValues(options.label ?? [], { option: '--label' })
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const { signal } = interrupts
  const all = await runtime.listContainers({ labels, signal })
  const listed = all
    .filter(({ state }) => options.all === true || !hasNoProcess(state))
    .toSorted((one, other) => toTime(other) - toTime(one))
  // The list of a runtime has no ports. Only a container with a process publishes any.
  const needsPorts = !options.quiet || options.json === true
  const ids = listed.filter(({ state }) => needsPorts && !hasNoProcess(state)).map(({ id }) => id)
  const ports = await findPorts(runtime, ids, { signal })
  const containers = listed.map((container) => ({ ...container, ports: ports.get(container.id) ?? [] }))
  await writeOutput(io.stdout, toText(containers, { options, runtimeName, width: findColumns(io.stdout) }), interrupts)
  return 0
}

interface ListedContainer extends ContainerInfo {
  readonly ports: readonly PortBinding[]
}

interface TextOptions {
  readonly options: PsOptions
  readonly runtimeName: string
  /** The width of the terminal. `undefined`: one line per container, for programs. */
  readonly width: number | undefined
}

function toText(containers: readonly ListedContainer[], { options, runtimeName, width }: TextOptions): string {
  if (options.json) return toJson({ runtime: runtimeName, containers })
  if (options.quiet) return containers.map(({ id }) => `${id}\n`).join('')
  const now = new Date()
  const rows = containers.map(({ id, name, image, state, createdAt, ports }) =>
    [id.slice(0, 12), name, image, state, toAge(createdAt, now), ports.map(toPortText).join(', ')].map(toOneLine),
  )
  return renderTable({ head: ['ID', 'NAME', 'IMAGE', 'STATE', 'CREATED', 'PORTS'], rows }, { width })
}

function toTime({ createdAt }: ContainerInfo): number {
  return createdAt?.getTime() ?? 0
}
