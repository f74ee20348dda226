import { addGlobalOptions, type CommandLine, collect, toExamples } from './command-line.js'

/** `capstan conformance` */
export function addConformanceCommand({ program, perform }: CommandLine): void {
  const command = program
    .command('conformance')
    .summary('Test a runtime plugin against the contract')
    .description(
      'Tests a runtime plugin against every promise of the contract: what it provides must work, and what it lacks or ' +
        'refuses must be absent or refused with a reason. The plugin is given by --plugin or named by --runtime. ' +
        'Exit status 1 when a case fails, 3 when the plugin throws where nothing catches it or ends the process.',
    )
    .option('--image <image>', 'Image with busybox that the engine has; it is not pulled', 'busybox:latest')
    .option('--firewall-image <image>', 'Image with iptables for the firewall cases (default: --image)')
    .option('--only <ids>', 'Run these cases or groups, such as NET,RT-017 (repeatable)', collect)
    .option('--unavailable-env <key=value>', 'Environment in which the plugin finds no runtime (repeatable)', collect)
    .option('--timeout <seconds>', 'Time limit of one case; raise it on a busy machine (default: 20)')
    .option('--concurrency <number>', 'Number of cases to run in parallel (default: 4)')
    .option('--report <file>', 'Write the report to a file, as JSON')
    .option('--json', 'Print the report as one JSON document')
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
