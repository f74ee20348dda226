import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan stop` */
export function addStopCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('stop')
    .summary('Stop one or more running containers')
    .description(
      'Sends the stop signal to containers and kills those that do not exit in time. A stopped container is left unchanged.',
    )
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-t, --time <seconds>', 'Seconds to wait before killing', '10')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan stop -t 2 web': 'two seconds, then kill' }))
  addGlobalOptions(command)
  perform<StopCommandOptions>(command, async (call) => (await import('../actions/stop.js')).stop(call))
}

export interface StopCommandOptions {
  readonly time: string
  readonly json?: boolean
}
