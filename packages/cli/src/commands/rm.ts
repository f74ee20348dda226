import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan rm` */
export function addRmCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('rm')
    .summary('remove containers')
    .description('Removes containers, with their anonymous volumes.')
    .argument('<container...>', 'id, beginning of an id, or name')
    .option('-f, --force', 'running ones too; one that is gone is no error')
    .option('--json', 'print one JSON document')
    .addHelpText('after', toExamples({ 'capstan rm -f web': 'whatever state it is in' }))
  addGlobalOptions(command)
  perform<RmOptions>(command, async (call) => (await import('../actions/rm.js')).rm(call))
}

export interface RmOptions {
  readonly force?: boolean
  readonly json?: boolean
}
