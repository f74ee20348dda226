import { UsageError } from '../usage-error.js'
import type { CommandLine } from './command-line.js'

/** `capstan help`. The parser's own shows the help of the program for a command that there is not. */
export function addHelpCommand({ program, perform }: CommandLine): void {
  const command = program.command('help').summary('Show the help of a command').argument('[command]')
  perform(command, async ({ operands: [name] }) => {
    const shown = name === undefined ? program : program.commands.find((each) => each.name() === name)
    if (shown === undefined) throw new UsageError(`there is no command "${name}": \`capstan --help\` lists them`)
    shown.outputHelp()
    return 0
  })
}
