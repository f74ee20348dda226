import type { AppleCli, CliCall } from '../cli/apple-cli.js'
import { type JsonReader, readObject } from '../cli/json-reader.js'

/** The installed commands, such as `image pull`, each with the names of its options without dashes. */
export type Commands = ReadonlyMap<string, ReadonlySet<string>>

/** Reads the command tree that the command prints as JSON; if there is none, reads its help pages. */
export async function findCommands(cli: AppleCli, call: CliCall): Promise<Commands> {
  const { exitCode, stdout } = await cli.run(['--experimental-dump-help'], call)
  const tree = exitCode === 0 ? parseCommandTree(stdout) : undefined
  return tree ?? (await readHelpPages(cli, call))
}

/** Whether a command is installed and has an option. */
export function hasOption(commands: Commands, command: string, option: string): boolean {
  return commands.get(command)?.has(option) ?? false
}

/** Parses the output of `--experimental-dump-help`. `undefined` if its format is unknown, because it may change any time. */
export function parseCommandTree(output: Uint8Array): Commands | undefined {
  try {
    const commands = new Map(listCommands(readObject('--experimental-dump-help', output).object('command'), ''))
    return commands.size === 0 ? undefined : commands
  } catch {
    return undefined
  }
}

function* listCommands(parent: JsonReader, prefix: string): Generator<[string, ReadonlySet<string>]> {
  for (const listed of parent.list('subcommands')) {
    const command = prefix + listed.text('commandName')
    const names = listed.list('arguments').flatMap((argument) => argument.list('names'))
    yield [command, new Set(names.map((name) => name.text('name')))]
    yield* listCommands(listed, `${command} `)
  }
}

async function readHelpPages(cli: AppleCli, call: CliCall): Promise<Commands> {
  const commands = new Map<string, ReadonlySet<string>>()
  const read = async (command: string) => {
    const { exitCode, stdout } = await cli.run([...command.split(' '), '--help'], call)
    const names = stdout.toString('utf8').matchAll(/--([\w-]+)/g)
    if (exitCode === 0) commands.set(command, new Set([...names].map(([, name = '']) => name)))
  }
  await Promise.all(commandsOfProbe.map(read))
  return commands
}

/** The commands about which the probe asks. */
const commandsOfProbe = [
  'network',
  'network create',
  'volume',
  'create',
  'build',
  'stats',
  'image pull',
  'system status',
]
