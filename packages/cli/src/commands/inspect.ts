import type { ContainerInspection } from '@capstan/core'
import type { Command } from 'commander'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { toInspectionText } from '../render/inspection-text.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan inspect`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Shows state, networks, ports and labels of containers.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan inspect --json web | jq .containers[0].state': 'Print the state of "web"' }),
    )
  setAction<InspectOptions>(command, inspect)
}

interface InspectOptions {
  readonly json?: boolean
}

async function inspect({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const containers: ContainerInspection[] = []
  for (const reference of operands) {
    const { id } = await findContainer(runtime, reference, { signal })
    containers.push(await runtime.inspectContainer(id, { signal }))
  }
  const text = options.json
    ? toJson({ runtime: runtimeName, containers })
    : containers.map((container) => toInspectionText(container)).join('\n')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}
