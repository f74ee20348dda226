import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan ps` */
export function addPsCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('ps')
    .summary('list containers')
    .description('Lists the running containers of the runtime, whoever made them, and the ports that they publish.')
    .option('-a, --all', 'those that do not run, too')
    .option('-q, --quiet', 'ids only, in full')
    .option('--label <key=value>', 'only those with this label (repeatable)', collect)
    .option('--json', 'print one JSON document')
    .addHelpText('after', toExamples({ 'capstan ps --all': 'all containers, the newest first' }))
  addGlobalOptions(command)
  perform<PsOptions>(command, async (call) => (await import('../actions/ps.js')).ps(call))
}

export interface PsOptions {
  readonly all?: boolean
  readonly quiet?: boolean
  readonly label?: readonly string[]
  readonly json?: boolean
}
