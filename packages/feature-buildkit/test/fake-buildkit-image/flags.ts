import { parseArgs } from 'node:util'

export type Flags = Readonly<Record<string, readonly string[]>>

/** Parses a command line like urfave/cli. Throws its error message for a flag that is not in `known`. */
export function parseFlags(words: readonly string[], known: Readonly<Record<string, 'string' | 'boolean'>>): Flags {
  const options = Object.fromEntries(Object.entries(known).map(([name, type]) => [name, { type, multiple: true }]))
  const { values, tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true })
  const unknown = tokens.find((token) => token.kind === 'option' && !(token.name in known))
  if (unknown?.kind === 'option') throw new CommandError(`flag provided but not defined: -${unknown.name}`)
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat().map(String)]))
}

/** An error of the fake BuildKit, with the message of BuildKit if it is known. */
export class CommandError extends Error {}
