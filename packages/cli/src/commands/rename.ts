import { containerControlCapability } from '@capstan/core'
import { validateName } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan rename`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Gives a container another name.')
    .argument('<container>', 'ID, prefix of an ID, or name')
    .argument('<name>', 'The new name')
    .addHelpText('after', toExamples({ 'capstan rename web shop': 'Rename container "web" to "shop"' }))
  setAction(command, rename)
}

async function rename({ invocation, operands }: Call): Promise<number> {
  const { signal } = invocation.interrupts
  const [reference = '', name = ''] = operands
  validateName(name)
  await using opened = await openRuntime(invocation, {
    requires: [containerControlCapability],
    requiredOptions: ['container-control.rename'],
  })
  const control = await opened.require(containerControlCapability)
  const { id } = await findContainer(opened.scope.runtime, reference, { signal })
  await control.renameContainer(id, name, { signal })
  return 0
}
