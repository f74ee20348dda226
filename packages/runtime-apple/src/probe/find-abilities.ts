import type { AppleCli, CliCall } from '../cli/apple-cli.js'
import { parseCommandTree } from './command-tree.js'

/** The commands and options of the installed `container` command. */
export interface Commands {
  hasCommand(...path: readonly string[]): boolean
  /** `name` is without dashes. */
  hasOption(path: readonly string[], name: string): boolean
}

/** Reads the command tree that the command generates; if there is none, reads its help pages. */
export async function findCommands(cli: AppleCli, call: CliCall): Promise<Commands> {
  const { exitCode, stdout } = await cli.run(['--experimental-dump-help'], call)
  const tree = exitCode === 0 ? parseCommandTree(stdout) : undefined
  return tree ?? (await readHelp(cli, call))
}

async function readHelp(cli: AppleCli, call: CliCall): Promise<Commands> {
  const pages = new Map<string, string>()
  const read = async (path: readonly string[]) => {
    const { exitCode, stdout } = await cli.run([...path, '--help'], call)
    if (exitCode === 0) pages.set(path.join(' '), stdout.toString('utf8'))
  }
  await Promise.all(asked.map(read))
  return {
    hasCommand: (...path) => pages.has(path.join(' ')),
    hasOption: (path, name) => new RegExp(`--${name}(?![\\w-])`).test(pages.get(path.join(' ')) ?? ''),
  }
}

const asked = [['network'], ['volume'], ['create'], ['build'], ['image', 'pull'], ['system', 'status']] as const
