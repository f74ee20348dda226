import type { Argument, Command, Option } from 'commander'

/**
 * Finds what the last of the words of a command line is: the words follow the name of the program, and the last one, which may
 * be empty, is to be completed. `load` defines a command of the program before its options are read.
 */
export async function findCompletionTarget(
  program: Command,
  words: readonly string[],
  load: (command: Command) => Promise<void>,
): Promise<CompletionTarget> {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ''
  const line: Line = { command: program, operands: [], values: [], pending: undefined, isOver: false }
  for (const word of before) await readWord(line, word, load)
  const { command, operands, values, pending, isOver } = line
  const found = { command, operands, values, current }
  if (pending !== undefined) return { ...found, kind: 'value', option: pending, prefix: '' }
  if (!isOver && current.startsWith('--') && current.includes('=')) {
    const prefix = current.slice(0, current.indexOf('=') + 1)
    const option = findOption(command, prefix.slice(0, -1))
    return option === undefined ? { ...found, kind: 'nothing' } : { ...found, kind: 'value', option, prefix }
  }
  if (!isOver && current.startsWith('-')) return { ...found, kind: 'options' }
  if (command.commands.length > 0) return { ...found, kind: 'commands' }
  const argument = findArgument(command, operands.length)
  return argument === undefined ? { ...found, kind: 'nothing' } : { ...found, kind: 'operand', argument }
}

/** What a word of a command line is, and the words before it. */
export type CompletionTarget = {
  readonly command: Command
  /** The operands before the word. */
  readonly operands: readonly string[]
  /** The values of options before the word, by the long names. */
  readonly values: readonly (readonly [option: string, value: string])[]
  /** The word. */
  readonly current: string
} & (
  | { readonly kind: 'commands' | 'options' | 'nothing' }
  | { readonly kind: 'operand'; readonly argument: Argument }
  /** `prefix`: the part of the word before the value, such as `--runtime=`. */
  | { readonly kind: 'value'; readonly option: Option; readonly prefix: string }
)

/** The state after some words. */
interface Line {
  command: Command
  operands: readonly string[]
  values: readonly (readonly [string, string])[]
  /** The option whose value the next word is. */
  pending: Option | undefined
  /** Whether no option can follow: after `--`, and in the command line of a container. */
  isOver: boolean
}

async function readWord(line: Line, word: string, load: (command: Command) => Promise<void>): Promise<void> {
  const { pending, command, operands } = line
  if (pending !== undefined) {
    line.values = [...line.values, [pending.long ?? '', word]]
    line.pending = undefined
  } else if (!line.isOver && word === '--') line.isOver = true
  else if (!line.isOver && word.startsWith('-') && word !== '-') readOption(line, word)
  else if (command.commands.length > 0) {
    const subcommand = command.commands.find((each) => each.name() === word)
    if (subcommand === undefined) line.isOver = true
    else {
      if (command.parent === null) await load(subcommand)
      line.command = subcommand
    }
  } else {
    line.operands = [...operands, word]
    // The rest is the command line of the container.
    line.isOver ||= findArgument(command, operands.length + 1)?.name() === containerCommand
  }
}

/** Reads `--long`, `--long=value`, `-s`, `-svalue` and `-abs`. */
function readOption(line: Line, word: string): void {
  const [name = '', ...values] = word.startsWith('--') ? word.split('=') : [word]
  if (word.startsWith('--')) {
    const option = findOption(line.command, name)
    if (option === undefined || option.isBoolean() || !(option.required || option.optional)) return
    if (values.length > 0) line.values = [...line.values, [name, values.join('=')]]
    else if (option.required) line.pending = option
    return
  }
  for (const [index, letter] of [...word].entries()) {
    const option = index === 0 ? undefined : findOption(line.command, `-${letter}`)
    if (option?.required !== true) continue
    const value = word.slice(index + 1)
    if (value === '') line.pending = option
    else line.values = [...line.values, [option.long ?? '', value]]
    return
  }
}

function findOption(command: Command, name: string): Option | undefined {
  return command
    .createHelp()
    .visibleOptions(command)
    .find(({ long, short }) => long === name || short === name)
}

/** Returns the argument of an operand; the last one takes all further operands if it is variadic. */
function findArgument({ registeredArguments }: Command, index: number): Argument | undefined {
  const last = registeredArguments.at(-1)
  return registeredArguments[index] ?? (last?.variadic ? last : undefined)
}

/** The name of the argument of `run` and `exec` that is the command line in the container. */
const containerCommand = 'command'
