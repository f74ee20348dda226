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
    .description('Removes containers. Their anonymous volumes stay without --volumes, as in docker.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-f, --force', 'Also remove running containers; an absent one is not an error')
    .option('-v, --volumes', 'Also remove the anonymous volumes of the containers')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan rm -f web': 'Remove container "web" in any state' }))
  setAction<RmOptions>(command, rm)
}

interface RmOptions {
  readonly force?: boolean
  readonly volumes?: boolean
  readonly json?: boolean
}

async function rm({ invocation, operands, options }: Call<RmOptions>): Promise<number> {
  const { force = false, volumes = false } = options
  const { signal } = invocation.interrupts
  return await forEachContainer(
    { invocation, operands, options },
    async ({ runtime }, { id, name, state }) => {
      if (!force && !hasNoProcess(state)) {
        throw new CliError(`container "${name}" is ${state}`, { remedies: ['stop it first, or use --force'] })
      }
      await runtime.removeContainer(id, { keepVolumes: !volumes, signal })
    },
    { isIgnored: (error) => force && isHostError(error, 'CONTAINER_NOT_FOUND') },
  )
}
