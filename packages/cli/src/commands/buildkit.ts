import type { Command } from 'commander'
import { addGlobalOptions, type CommandLine, toExamples } from './command-line.js'

/** `capstan buildkit` with its own commands */
export function addBuildKitCommand({ program, perform }: CommandLine): void {
  const group = program
    .command('buildkit')
    .helpCommand('help [command]', 'Show the help of a command')
    .summary('Keep a BuildKit running for later builds')
    .description(
      'Manages a BuildKit in a container, shared by `capstan build`, `capstan run --buildkit` and programs. Without ' +
        '`start`, it and its cache are removed after the last user.',
    )
    .addHelpText(
      'after',
      toExamples({
        'capstan buildkit start': 'runs, with its cache, until `capstan buildkit stop`',
        'capstan buildkit prune --keep 2g': 'keeps the newest 2 GB of the cache',
      }) + environment,
    )
  add(group, 'start', 'Start BuildKit, or find the running one, and print its container')
  add(group, 'status', 'Show whether BuildKit runs, and its version')
  add(group, 'du', 'Show the records of the cache')
  add(group, 'prune', 'Remove unused records from the cache')
    .option('-a, --all', 'Also remove internal records')
    .option('--keep <size>', 'Keep the newest records up to this size, such as 2g')
  add(group, 'stop', 'Stop BuildKit after its last user, and remove its cache')
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
  return group.command(name).summary(summary).description(`${summary}.`).option('--json', 'Print one JSON document')
}

const environment = `

Environment:
  CAPSTAN_BUILDKIT_IMAGE  the image of BuildKit, instead of the default`
