import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan doctor` */
export function addDoctorCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('doctor')
    .summary('show which runtimes are here, and what each can do')
    .description(
      'Shows each runtime, each endpoint that was tried with the reason and what to do, what each runtime can do and ' +
        'refuses, and which features it supports. Exit status 1 when no runtime is here that runs real containers, or not the one that is named.',
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan doctor': 'what is here, for a person',
        'capstan doctor --json | jq .runtimes[].available': 'the same, for a program',
      }),
    )
  addGlobalOptions(command)
  perform<DoctorOptions>(command, async (call) => (await import('../actions/doctor.js')).doctor(call))
}

export interface DoctorOptions {
  readonly json?: boolean
}
