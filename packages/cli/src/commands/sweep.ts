import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan sweep` */
export function addSweepCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('sweep')
    .summary('Remove resources left behind by crashed programs')
    .description(
      'Removes containers, networks, volumes and images that a program made through Capstan and left behind when it ' +
        'crashed, on every runtime of this machine. Resources of running programs, persistent ones, and those not made ' +
        'by Capstan are kept. Ends with 125 when something could not be removed, a runtime could not be checked, or no ' +
        'runtime is available.',
    )
    .option('--app <name>', 'Remove only what the application of this name made; the commands have the name capstan')
    .option('--dry-run', 'Show what would be removed, and remove nothing')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan sweep --dry-run': 'look first',
        'capstan sweep --app capstan': 'only what the commands of capstan left',
      }),
    )
  addGlobalOptions(command)
  perform<SweepCommandOptions>(command, async (call) => (await import('../actions/sweep.js')).sweep(call))
}

export interface SweepCommandOptions {
  readonly app?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}
