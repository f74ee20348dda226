import type { Command } from 'commander'
import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan buildkit` with its own commands */
export function addBuildKitCommand({ program, perform }: CommandLine): void {
  const group = program
    .command('buildkit')
    .summary('keep a BuildKit for the builds that follow')
    .description(
      'BuildKit in a container of its own, shared by `capstan build`, `capstan run --buildkit` and programs. Without ' +
        '`start` it lives as long as somebody uses it, and its cache with it.',
    )
    .addHelpText(
      'after',
      toExamples({
        'capstan buildkit start': 'it goes on, with its cache, until `capstan buildkit stop`',
        'capstan buildkit prune --keep 2g': 'leaves the newest 2 GB of its cache',
      }) + environment,
    )
  add(group, 'start', 'start it, or share the one that runs; print its container')
  add(group, 'status', 'tell whether it runs, and what it is')
  add(group, 'du', 'show what its cache holds')
  add(group, 'prune', 'remove what no build uses from its cache')
    .option('-a, --all', 'also what is internal to BuildKit')
    .option('--keep <size>', 'keep the newest up to this size, such as 2g')
  add(group, 'stop', 'stop it after its last user, and remove its cache')
  for (const command of group.commands) {
    addGlobalOptions(command)
    perform<BuildKitCommandOptions>(command, async (call) => {
      const actions = await import('../actions/buildkit.js')
      return actions.perform(command.name(), call)
    })
  }
}

export interface BuildKitCommandOptions {
  readonly json?: boolean
  readonly all?: boolean
  readonly keep?: string
}

function add(group: Command, name: string, summary: string): Command {
  const description = `${summary[0]?.toUpperCase()}${summary.slice(1)}.`
  return group.command(name).summary(summary).description(description).option('--json', 'print one JSON document')
}

const environment = `

Environment:
  CAPSTAN_BUILDKIT_IMAGE  another image of BuildKit than the default`
