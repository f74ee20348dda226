import { toReachableHost } from '@capstan/core'
import type { Protocol } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { createOptionError } from '../options/option-error.js'
import { toHostText, withPortHost } from '../render/port-text.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan port`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Shows the published ports of a running container.')
    .argument('<container>', 'ID, prefix of an ID, or name')
    .argument('[port]', 'Port of the container, such as 80 or 53/udp: show only its addresses')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan port web 80': 'Show the addresses at which port 80 is published' }))
  setAction<{ readonly json?: boolean }>(command, port)
}

async function port({ invocation, operands, options }: Call<{ readonly json?: boolean }>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [reference = '', wanted] = operands
  const only = wanted === undefined ? undefined : parseContainerPort(wanted)
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const { id, name } = await findContainer(runtime, reference, { signal })
  const all = (await runtime.inspectContainer(id, { signal })).ports
  const ports = all.filter(
    ({ containerPort, protocol }) =>
      only === undefined || (containerPort === only.containerPort && protocol === only.protocol),
  )
  if (only !== undefined && ports.length === 0) {
    throw new CliError(`container "${name}" does not publish port ${only.containerPort}/${only.protocol}`)
  }
  const lines = withPortHost(ports, runtime).map((each) =>
    only === undefined ? `${each.containerPort}/${each.protocol} -> ${toHostText(each)}\n` : `${toHostText(each)}\n`,
  )
  const text = options.json
    ? toJson({
        runtime: runtimeName,
        ports: ports.map((port) => ({ ...port, host: toReachableHost(port, runtime) ?? null })),
      })
    : lines.join('')
  await writeOutput(io.stdout, text, { signal })
  return 0
}

/** Parses `80` or `53/udp`. */
function parseContainerPort(text: string): { readonly containerPort: number; readonly protocol: Protocol } {
  const [, number, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? []
  if (number === undefined) throw createOptionError('PORT', 'a port such as 80 or 53/udp', text)
  return { containerPort: Number(number), protocol: protocol === 'udp' ? 'udp' : 'tcp' }
}
