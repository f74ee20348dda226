import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan rm` */
export function addRmCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('rm')
    .summary('Remove one or more containers')
    .description('Removes containers and their anonymous volumes.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-f, --force', 'Also remove running containers; an absent one is not an error')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan rm -f web': 'in any state' }))
  addGlobalOptions(command)
  perform<RmOptions>(command, async (call) => (await import('../actions/rm.js')).rm(call))
}

export interface RmOptions {
  readonly force?: boolean
  readonly json?: boolean
}
