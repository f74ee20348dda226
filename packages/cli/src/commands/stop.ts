import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan stop` */
export function addStopCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('stop')
    .summary('stop running containers')
    .description(
      'Asks containers to stop, and kills those that do not in time. One that does not run is left as it is.',
    )
    .argument('<container...>', 'id, beginning of an id, or name')
    .option('-t, --time <seconds>', 'how long to wait before killing', '10')
    .option('--json', 'print one JSON document')
    .addHelpText('after', toExamples({ 'capstan stop -t 2 web': 'two seconds, then kill' }))
  addGlobalOptions(command)
  perform<StopCommandOptions>(command, async (call) => (await import('../actions/stop.js')).stop(call))
}

export interface StopCommandOptions {
  readonly time: string
  readonly json?: boolean
}
