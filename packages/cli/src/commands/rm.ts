import { isHostError } from '@capstan/core'
import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import { hasNoProcess } from '../host/find-container.js'
import { toExamples } from '../options/command-definition.js'
import type { Call, SetAction } from './command.js'
import { forEachContainer } from './for-each-container.js'

/** Defines `capstan rm`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Removes containers and their anonymous volumes.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-f, --force', 'Also remove running containers; an absent one is not an error')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan rm -f web': 'Remove container "web" in any state' }))
  setAction<RmOptions>(command, rm)
}

interface RmOptions {
  readonly force?: boolean
  readonly json?: boolean
}

async function rm({ invocation, operands, options }: Call<RmOptions>): Promise<number> {
  const { force = false } = options
  const { signal } = invocation.interrupts
  return await forEachContainer(
    { invocation, operands, options },
    async (runtime, { id, name, state }) => {
      if (!force && !hasNoProcess(state)) {
        throw new CliError(`container "${name}" is ${state}`, { remedies: ['stop it first, or use --force'] })
      }
      await runtime.removeContainer(id, { signal })
    },
    { isIgnored: (error) => force && isHostError(error, 'CONTAINER_NOT_FOUND') },
  )
}
