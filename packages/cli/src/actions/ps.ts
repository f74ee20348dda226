import type { ContainerInfo, OperationOptions, PortBinding, Runtime } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { PsOptions } from '../commands/ps.js'
import { findPorts } from '../find-ports.js'
import { isIdle } from '../is-idle.js'
import { openRuntime } from '../open-host.js'
import { parseKeyValues } from '../parse/key-value.js'
import { toAge } from '../render/duration.js'
import { toPortText } from '../render/port-text.js'
import { toOneLine } from '../render/printable.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'

/** Lists containers, the newest first. */
export async function ps({ invocation, options }: Call<PsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const labels = parseKeyValues(options.label ?? [], { option: '--label', bare: () => '' })
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const { signal } = interrupts
  const all = await runtime.listContainers({ labels, signal })
  const listed = all
    .filter(({ state }) => options.all === true || !isIdle(state))
    .toSorted((one, other) => toTime(other) - toTime(one))
  const containers =
    options.quiet && !options.json ? listed.map(toUnasked) : await withPorts(runtime, listed, { signal })
  await writeOutput(io.stdout, toText(containers, { options, runtimeName, width: findColumns(io.stdout) }), interrupts)
  return 0
}

interface ListedContainer extends ContainerInfo {
  readonly ports: readonly PortBinding[]
}

/** No list tells the ports; only what has a process publishes any. */
async function withPorts(
  runtime: Runtime,
  containers: readonly ContainerInfo[],
  options: OperationOptions,
): Promise<readonly ListedContainer[]> {
  const ids = containers.filter(({ state }) => !isIdle(state)).map(({ id }) => id)
  const ports = await findPorts(runtime, ids, options)
  return containers.map((container) => ({ ...container, ports: ports.get(container.id) ?? [] }))
}

function toUnasked(container: ContainerInfo): ListedContainer {
  return { ...container, ports: [] }
}

interface TextOptions {
  readonly options: PsOptions
  readonly runtimeName: string
  /** A terminal's lines are wrapped; a program that reads them gets one a container. */
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
