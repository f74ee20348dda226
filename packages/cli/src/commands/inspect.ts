import type { ContainerInspection } from '@capstan/core'
import type { Command } from 'commander'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { toInspectionFields } from '../render/inspection-fields.js'
import { toInspectionText } from '../render/inspection-text.js'
import { parseTemplate } from '../render/template.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan inspect`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Shows state, networks, ports and labels of containers.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-f, --format <template>', "Print each container by a template such as '{{.State.Status}}', or json")
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({
        "capstan inspect --format '{{.State.Status}}' web": 'Print the state of container "web"',
        'capstan inspect --json web | jq .containers[0].state': 'Print its state as JSON',
      }) + notes,
    )
  setAction<InspectOptions>(command, inspect)
}

const notes = `

The fields of --format are those of docker: Id, Name, Created, Path, Args,
Image, RestartCount, State, Config (Image, Labels, Tty, OpenStdin) and
NetworkSettings (Ports, Networks).`

interface InspectOptions {
  readonly format?: string
  readonly json?: boolean
}

async function inspect({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const { format, json } = options
  const template = format === undefined || format === 'json' ? undefined : parseTemplate(format, '--format')
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const containers: ContainerInspection[] = []
  for (const reference of operands) {
    const { id } = await findContainer(runtime, reference, { signal })
    containers.push(await runtime.inspectContainer(id, { signal }))
  }
  const fields = containers.map(toInspectionFields)
  const text = json
    ? toJson({ runtime: runtimeName, containers })
    : format === undefined
      ? containers.map((container) => toInspectionText(container)).join('\n')
      : fields.map((each) => `${template?.render(each) ?? JSON.stringify(each)}\n`).join('')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}
