import { containerControlCapability } from '@capstan/core'
import type { Command } from 'commander'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { toOneLine } from '../render/printable.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan top`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Lists the processes of a running container. The process IDs are those of the engine: on Docker those of its machine.',
    )
    .argument('<container>', 'ID, prefix of an ID, or name')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan top web': 'List the processes of container "web"' }))
  setAction<{ readonly json?: boolean }>(command, top)
}

async function top({ invocation, operands, options }: Call<{ readonly json?: boolean }>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  await using opened = await openRuntime(invocation, {
    requires: [containerControlCapability],
    requiredOptions: ['container-control.top'],
  })
  const control = await opened.require(containerControlCapability)
  const { id } = await findContainer(opened.scope.runtime, operands[0] ?? '', { signal })
  const processes = await control.listProcesses(id, { signal })
  const rows = processes.map(({ pid, parentPid, user, command }) =>
    [String(pid), String(parentPid), user, command].map(toOneLine),
  )
  const table = { head: ['PID', 'PPID', 'USER', 'COMMAND'], rows }
  const text = options.json
    ? toJson({ runtime: opened.scope.runtimeName, processes })
    : renderTable(table, { width: findColumns(io.stdout), overflow: 'cut' })
  await writeOutput(io.stdout, text, { signal })
  return 0
}
