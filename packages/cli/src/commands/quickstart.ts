import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan quickstart` */
export function addQuickstartCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('quickstart')
    .summary('see all of it at work in some seconds')
    .description(
      'Shows the runtimes that are here, builds a small image (no registry is needed), runs it, asks each feature ' +
        'where it would work, and removes all that it made. Without a container engine all of it is simulated.',
    )
    .addHelpText('after', toExamples({ 'capstan quickstart --runtime memory': 'simulated, whatever is here' }))
  addGlobalOptions(command)
  perform(command, async (call) => (await import('../actions/quickstart.js')).quickstart(call))
}
