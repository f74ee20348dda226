import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan pull` */
export function addPullCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('pull')
    .summary('Pull an image from a registry')
    .description('Pulls an image from a registry and prints its ID.')
    .argument('<image>', 'Reference, such as busybox:1.37')
    .option('--platform <os/arch>', 'Platform, such as linux/arm64')
    .option('-q, --quiet', 'Suppress progress output')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan pull busybox:1.37': 'progress on stderr, the id on stdout' }))
  addGlobalOptions(command)
  perform<PullCommandOptions>(command, async (call) => (await import('../actions/pull.js')).pull(call))
}

export interface PullCommandOptions {
  readonly platform?: string
  readonly quiet?: boolean
  readonly json?: boolean
}
