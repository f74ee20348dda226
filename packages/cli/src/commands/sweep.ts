import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan sweep` */
export function addSweepCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('sweep')
    .summary('remove what crashed programs left behind')
    .description(
      'Removes containers, networks, volumes and images that a program made through Capstan and left behind when it ' +
        'died, on every runtime that is here. What a living program owns, what was made to stay, and what others made ' +
        'is not touched.',
    )
    .option('--dry-run', 'only show what would be removed')
    .option('--json', 'print one JSON document')
    .addHelpText('after', toExamples({ 'capstan sweep --dry-run': 'look first' }))
  addGlobalOptions(command)
  perform<SweepCommandOptions>(command, async (call) => (await import('../actions/sweep.js')).sweep(call))
}

export interface SweepCommandOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
}
