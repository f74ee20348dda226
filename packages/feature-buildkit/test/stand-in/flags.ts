import { parseArgs } from 'node:util'

export type Flags = Readonly<Record<string, readonly string[]>>

/** Reads a command line as urfave/cli does for BuildKit; a flag that is not among `known` is refused in its words. */
export function parseFlags(words: readonly string[], known: Readonly<Record<string, 'string' | 'boolean'>>): Flags {
  const options = Object.fromEntries(Object.entries(known).map(([name, type]) => [name, { type, multiple: true }]))
  const { values, tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true })
  const unknown = tokens.find((token) => token.kind === 'option' && !(token.name in known))
  if (unknown?.kind === 'option') throw new Refusal(`flag provided but not defined: -${unknown.name}`)
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat().map(String)]))
}

/** Why the stand-in does not do it, in BuildKit's words where they are known. */
export class Refusal extends Error {}
