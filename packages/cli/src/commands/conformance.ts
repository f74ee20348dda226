import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan conformance` */
export function addConformanceCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('conformance')
    .summary('try a runtime plugin by every promise of the contract')
    .description(
      'Tries a runtime plugin by every promise of the contract: what it claims must be kept, what it lacks or refuses ' +
        'must be absent or refused with a reason. The plugin is that of --plugin, or the one that --runtime names. ' +
        'Exit status 1 when a promise is not kept.',
    )
    .option('--image <image>', 'image with busybox in it, which the engine has; nothing is pulled', 'busybox:latest')
    .option('--firewall-image <image>', 'one whose firewall can be set (default: that of --image)')
    .option('--only <ids>', 'cases or groups, such as NET,RT-017 (repeatable)', collect)
    .option('--unavailable-env <key=value>', 'environment in which the plugin finds nothing (repeatable)', collect)
    .option('--timeout <seconds>', 'how long a case may take (default: 20)')
    .option('--concurrency <number>', 'how many cases run at once (default: 4)')
    .option('--report <file>', 'write the report to a file, as JSON')
    .option('--json', 'print the report, instead of the page for a person')
    .addHelpText(
      'after',
      toExamples({
        'capstan conformance --plugin ./my-runtime --report conformance.json': 'all cases, and a report to publish',
        'capstan conformance --runtime memory --only NET': 'the cases of networks, on the simulation',
      }),
    )
  addGlobalOptions(command)
  perform<ConformanceCommandOptions>(command, async (call) =>
    (await import('../actions/conformance.js')).conformance(call),
  )
}

export interface ConformanceCommandOptions {
  readonly image: string
  readonly firewallImage?: string
  readonly only?: readonly string[]
  readonly unavailableEnv?: readonly string[]
  readonly timeout?: string
  readonly concurrency?: string
  readonly report?: string
  readonly json?: boolean
}
