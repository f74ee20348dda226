import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan ps` */
export function addPsCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('ps')
    .summary('List containers')
    .description(
      'Lists the running containers of the runtime and their published ports, also those not made by Capstan.',
    )
    .option('-a, --all', 'Show all containers, not only running ones')
    .option('-q, --quiet', 'Print full container IDs only')
    .option('--label <key=value>', 'Show only containers with this label (repeatable)', collect)
    .option('--json', 'Print one JSON document')
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
