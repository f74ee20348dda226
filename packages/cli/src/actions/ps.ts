import type { ContainerInfo } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { PsOptions } from '../commands/ps.js'
import { isIdle } from '../is-idle.js'
import { openRuntime } from '../open-host.js'
import { parseKeyValues } from '../parse/key-value.js'
import { toAge } from '../render/duration.js'
import { toPrintable } from '../render/printable.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'

/** Lists containers, the newest first. */
export async function ps({ invocation, options }: Call<PsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const labels = parseKeyValues(options.label ?? [], { option: '--label', bare: () => '' })
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const all = await runtime.listContainers({ labels, signal: interrupts.signal })
  const containers = all
    .filter(({ state }) => options.all === true || !isIdle(state))
    .toSorted((one, other) => toTime(other) - toTime(one))
  await writeOutput(io.stdout, toText(containers, { options, runtimeName, width: findColumns(io.stdout) }), interrupts)
  return 0
}

interface TextOptions {
  readonly options: PsOptions
  readonly runtimeName: string
  /** A terminal's lines are wrapped; a program that reads them gets one a container. */
  readonly width: number | undefined
}

function toText(containers: readonly ContainerInfo[], { options, runtimeName, width }: TextOptions): string {
  if (options.json) return toJson({ runtime: runtimeName, containers })
  if (options.quiet) return containers.map(({ id }) => `${id}\n`).join('')
  const now = new Date()
  const rows = containers.map(({ id, name, image, state, createdAt }) =>
    [id.slice(0, 12), name, image, state, toAge(createdAt, now)].map(toPrintable),
  )
  return renderTable({ head: ['ID', 'NAME', 'IMAGE', 'STATE', 'CREATED'], rows }, { width })
}

function toTime({ createdAt }: ContainerInfo): number {
  return createdAt?.getTime() ?? 0
}
