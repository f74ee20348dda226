import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan logs` */
export function addLogsCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('logs')
    .summary('show what a container has written')
    .description('Shows what a container has written: its stdout on stdout, its stderr on stderr.')
    .argument('<container>', 'id, beginning of an id, or name')
    .option('-f, --follow', 'go on until the container ends')
    .option('-n, --tail <lines>', "that many from the end, or 'all'")
    .option('--since <time>', 'only what came later: a time, or how long ago, such as 10m')
    .option('-t, --timestamps', 'with the time of each line')
    .option('--json', 'print one JSON document a line')
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
