import type { Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import type { Call, SetAction } from './command.js'
import { forEachContainer } from './for-each-container.js'

/** Defines `capstan wait`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Waits until containers have exited, and prints the exit code of each. A container that has not run yet is waited for.',
    )
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan wait job': 'Print the exit code of container "job" when it exits' }))
  setAction<WaitOptions>(command, wait)
}

interface WaitOptions {
  readonly json?: boolean
}

async function wait(call: Call<WaitOptions>): Promise<number> {
  const { signal } = call.invocation.interrupts
  return await forEachContainer(call, async ({ runtime }, { id }) =>
    String(await runtime.waitContainer(id, { signal })),
  )
}
