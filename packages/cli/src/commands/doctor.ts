import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan doctor` */
export function addDoctorCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('doctor')
    .summary('Show the runtimes on this machine and their capabilities')
    .description(
      'Shows the runtimes on this machine, the endpoints that failed with reason and remedy, and what each runtime ' +
        'provides, refuses and supports. Exit status 1 when no runtime for real containers is available, or the named ' +
        'one is not.',
    )
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan doctor': 'all runtimes, as tables',
        'capstan doctor --json | jq .runtimes[].available': 'the same, for a program',
      }),
    )
  addGlobalOptions(command)
  perform<DoctorOptions>(command, async (call) => (await import('../actions/doctor.js')).doctor(call))
}

export interface DoctorOptions {
  readonly json?: boolean
}
