import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan quickstart` */
export function addQuickstartCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('quickstart')
    .summary('Build, run and clean up a small example')
    .description(
      'Shows the runtimes on this machine, builds a small image without a registry, runs it, lists which features each ' +
        'runtime supports, and removes everything it made. Without a container engine, everything is simulated.',
    )
    .addHelpText('after', toExamples({ 'capstan quickstart --runtime memory': 'simulated, on any machine' }))
  addGlobalOptions(command)
  perform(command, async (call) => (await import('../actions/quickstart.js')).quickstart(call))
}
