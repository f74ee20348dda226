import type { ContainerUpdate } from '@capstan/core'
import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import { toExamples } from '../options/command-definition.js'
import { parseRestartPolicy } from '../options/container-settings.js'
import { parseBytes, parseNumber } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import type { Call, SetAction } from './command.js'
import { forEachControlled } from './for-each-container.js'

/** Defines `capstan update`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Changes limits and the restart policy of containers, running or not. Other settings stay.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-m, --memory <size>', 'Limit the memory, such as 512m')
    .option('--cpus <number>', 'Limit the number of CPUs, such as 1.5')
    .option('--pids-limit <number>', 'Limit the number of processes')
    .option('--restart <policy>', 'Restart after the exit: no, always, unless-stopped or on-failure[:RETRIES]')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan update -m 512m --cpus 1.5 web': 'Change two limits of container "web"' }),
    )
  setAction<UpdateOptions>(command, update)
}

interface UpdateOptions {
  readonly memory?: string
  readonly cpus?: string
  readonly pidsLimit?: string
  readonly restart?: string
  readonly json?: boolean
}

async function update(call: Call<UpdateOptions>): Promise<number> {
  const settings = toSettings(call.options)
  const { signal } = call.invocation.interrupts
  return await forEachControlled(call, (control, { id }) => control.updateContainer(id, settings, { signal }))
}

function toSettings({ memory, cpus, pidsLimit, restart }: UpdateOptions): ContainerUpdate {
  const settings = omitUndefined<ContainerUpdate>({
    memoryBytes: memory === undefined ? undefined : parseBytes(memory, '--memory'),
    cpus: cpus === undefined ? undefined : parseNumber(cpus, { option: '--cpus' }),
    pidsLimit: pidsLimit === undefined ? undefined : parseNumber(pidsLimit, { option: '--pids-limit', integer: true }),
    restartPolicy: restart === undefined ? undefined : parseRestartPolicy(restart),
  })
  if (Object.keys(settings).length === 0) {
    throw new CliError('no setting is given: use --memory, --cpus, --pids-limit or --restart')
  }
  return settings
}
