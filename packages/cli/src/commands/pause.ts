import { toExamples } from '../options/command-definition.js'
import type { Call, CommandModule } from './command.js'
import { forEachControlled } from './for-each-container.js'

/** Defines `capstan pause`. */
export const pauseModule: CommandModule = {
  define: (command, setAction) => {
    command
      .description('Suspends all processes of containers until `unpause`. A paused container is left unchanged.')
      .argument('<container...>', 'ID, prefix of an ID, or name')
      .option('--json', 'Print one JSON document')
      .addHelpText('after', toExamples({ 'capstan pause web': 'Suspend container "web"' }))
    setAction<PauseOptions>(command, async (call: Call<PauseOptions>) => {
      const { signal } = call.invocation.interrupts
      return await forEachControlled(call, (control, { id }) => control.pauseContainer(id, { signal }))
    })
  },
}

/** Defines `capstan unpause`. */
export const unpauseModule: CommandModule = {
  define: (command, setAction) => {
    command
      .description('Continues the processes of paused containers. A running container is left unchanged.')
      .argument('<container...>', 'ID, prefix of an ID, or name')
      .option('--json', 'Print one JSON document')
      .addHelpText('after', toExamples({ 'capstan unpause web': 'Continue container "web"' }))
    setAction<PauseOptions>(command, async (call: Call<PauseOptions>) => {
      const { signal } = call.invocation.interrupts
      return await forEachControlled(call, (control, { id }) => control.unpauseContainer(id, { signal }))
    })
  },
}

interface PauseOptions {
  readonly json?: boolean
}
