import { validateSignal } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import type { Call, SetAction } from './command.js'
import { forEachControlled } from './for-each-container.js'

/** Defines `capstan kill`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Sends a signal to the first process of running containers.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-s, --signal <signal>', 'Set the signal, such as SIGHUP, HUP or 1', 'SIGKILL')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan kill -s HUP web': 'Let container "web" read its configuration again' }))
  setAction<KillOptions>(command, kill)
}

interface KillOptions {
  readonly signal: string
  readonly json?: boolean
}

async function kill(call: Call<KillOptions>): Promise<number> {
  const name = call.options.signal.toUpperCase()
  validateSignal(name, '--signal')
  const { signal } = call.invocation.interrupts
  return await forEachControlled(call, (control, { id }) => control.killContainer(id, name, { signal }))
}
