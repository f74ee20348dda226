import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan logs` */
export function addLogsCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('logs')
    .summary('Show the logs of a container')
    .description('Shows the logs of a container: its stdout on stdout, its stderr on stderr.')
    .argument('<container>', 'ID, prefix of an ID, or name')
    .option('-f, --follow', 'Follow the output until the container exits')
    .option('-n, --tail <lines>', "Number of lines from the end, or 'all'")
    .option('--since <time>', 'Show logs since a time, or a duration ago, such as 10m')
    .option('-t, --timestamps', 'Show timestamps')
    .option('--json', 'Print one JSON document per line')
    .addHelpText('after', toExamples({ 'capstan logs -f --tail 20 web': 'the last lines, and what follows' }))
  addGlobalOptions(command)
  perform<LogsOptions>(command, async (call) => (await import('../actions/logs.js')).logs(call))
}

export interface LogsOptions {
  readonly follow?: boolean
  readonly tail?: string
  readonly since?: string
  readonly timestamps?: boolean
  readonly json?: boolean
}
