import { validateContainerConfig } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import { type RunCommandOptions, toRunConfig } from '../options/run-config.js'
import { writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'
import { addContainerOptions, createFromOptions, openForContainer } from './run.js'

/** Defines `capstan create`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Creates a container without starting it, and prints its ID. `capstan start` starts it.')
    .argument('<image>', 'Reference or ID of the image; pulled if it is missing')
    .argument('[command...]', 'Command and arguments (default: those of the image)')
    .helpOption('--help', 'Show this help')
    .passThroughOptions()
  addContainerOptions(command)
  command.addHelpText('after', toExamples(examples))
  setAction<RunCommandOptions>(command, create)
}

const examples = {
  'capstan create --name job busybox echo done': 'Create a container for later',
  'capstan start -a job': 'Start it and show its output',
}

async function create({ invocation, operands, options: given }: Call<RunCommandOptions>): Promise<number> {
  const [image = '', ...command] = operands
  // Like a container of `run -d`, it remains when this command exits.
  const options = { ...given, detach: true }
  const config = await toRunConfig({ image, command, options }, invocation.io)
  validateContainerConfig(config)
  await using opened = await openForContainer({ config, options }, invocation)
  const id = await createFromOptions(opened.scope, config, { invocation, options })
  await writeOutput(invocation.io.stdout, `${id}\n`)
  return 0
}
