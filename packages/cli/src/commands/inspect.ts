import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan inspect` */
export function addInspectCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('inspect')
    .summary('Show state, networks, ports and labels of containers')
    .description('Shows state, networks, ports and labels of containers.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan inspect --json web | jq .containers[0].state': 'one part of it' }))
  addGlobalOptions(command)
  perform<InspectOptions>(command, async (call) => (await import('../actions/inspect.js')).inspect(call))
}

export interface InspectOptions {
  readonly json?: boolean
}
