import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan inspect` */
export function addInspectCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('inspect')
    .summary('show the state, networks and ports of a container')
    .description('Shows state, networks, ports and labels of containers.')
    .argument('<container...>', 'id, beginning of an id, or name')
    .option('--json', 'print one JSON document')
    .addHelpText('after', toExamples({ 'capstan inspect --json web | jq .containers[0].state': 'one part of it' }))
  addGlobalOptions(command)
  perform<InspectOptions>(command, async (call) => (await import('../actions/inspect.js')).inspect(call))
}

export interface InspectOptions {
  readonly json?: boolean
}
