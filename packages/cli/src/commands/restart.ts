import type { Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import { parseSeconds } from '../options/numbers.js'
import type { Call, SetAction } from './command.js'
import { forEachControlled } from './for-each-container.js'

/** Defines `capstan restart`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Stops containers as `stop` does, and starts them. A stopped container is started.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-t, --time <seconds>', 'Set the seconds to wait before killing', '10')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan restart -t 2 web': 'Restart container "web"' }))
  setAction<RestartOptions>(command, restart)
}

interface RestartOptions {
  readonly time: string
  readonly json?: boolean
}

async function restart(call: Call<RestartOptions>): Promise<number> {
  const graceMs = parseSeconds(call.options.time, '--time')
  const { signal } = call.invocation.interrupts
  return await forEachControlled(call, (control, { id }) => control.restartContainer(id, { graceMs, signal }))
}
