import { imageManagerCapability } from '@capstan/core'
import { validateCommit } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseChanges } from '../options/commit-changes.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan commit`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Creates an image from the files and settings of a container, and prints its ID.')
    .argument('<container>', 'ID, prefix of an ID, or name')
    .argument('[image]', 'Name of the image with an optional tag, such as app:1')
    .option('-a, --author <author>', 'Set the author')
    .option('-c, --change <instruction>', 'Apply an instruction of a Dockerfile (repeatable)', collect)
    .option('-m, --message <message>', 'Set the comment in the history')
    .option('-p, --pause', 'Pause the container meanwhile', true)
    .option('--no-pause', 'Do not pause the container')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan commit -c \'CMD ["serve"]\' web app:1': 'Create app:1 with a command' }),
    )
  setAction<CommitOptions>(command, commit)
}

interface CommitOptions {
  readonly author?: string
  readonly change?: readonly string[]
  readonly message?: string
  readonly pause: boolean
  readonly json?: boolean
}

async function commit({ invocation, operands, options }: Call<CommitOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [reference = '', tag] = operands
  const { author, message, pause } = options
  const changes = parseChanges(options.change ?? [])
  const settings = { ...omitUndefined({ tag, author, message, changes }), pause }
  validateCommit(settings)
  await using opened = await openRuntime(invocation, { requires: [imageManagerCapability] })
  const manager = await opened.require(imageManagerCapability)
  const { runtime, runtimeName } = opened.scope
  const container = await findContainer(runtime, reference, { signal })
  const id = await manager.commitContainer(container.id, { ...settings, signal })
  const document = { runtime: runtimeName, container: container.id, id, ...omitUndefined({ tag }) }
  await writeOutput(io.stdout, options.json ? toJson(document) : `${id}\n`, interrupts)
  return 0
}
