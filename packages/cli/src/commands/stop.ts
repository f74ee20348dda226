import type { Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import { parseSeconds } from '../options/numbers.js'
import type { Call, SetAction } from './command.js'
import { forEachContainer } from './for-each-container.js'

/** Defines `capstan stop`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Sends the stop signal to containers and kills those that do not exit in time. A stopped container is left unchanged.',
    )
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-t, --time <seconds>', 'Set the seconds to wait before killing', '10')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan stop -t 2 web': 'Kill container "web" if it does not exit within 2 seconds' }),
    )
  setAction<StopOptions>(command, stop)
}

interface StopOptions {
  readonly time: string
  readonly json?: boolean
}

async function stop({ invocation, operands, options }: Call<StopOptions>): Promise<number> {
  const graceMs = parseSeconds(options.time, '--time')
  const { signal } = invocation.interrupts
  return await forEachContainer({ invocation, operands, options }, async ({ runtime }, { id }) => {
    await runtime.stopContainer(id, { graceMs, signal })
  })
}
