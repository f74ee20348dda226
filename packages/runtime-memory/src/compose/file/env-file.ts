import type { StringMap } from '@capstan/core/plugin'
import { replaceVariables, VariableError } from './variables.js'

/**
 * Parses an environment file of Compose: `NAME=VALUE` lines, also with `export` or a colon. A value in double quotes has escape
 * sequences and variables, one without quotes has variables and ends before a comment, and one in single quotes is kept as it
 * is. Values in quotes may have several lines. Variables are those of `env`, which take precedence, and the earlier ones of the
 * file. A name without a value takes that of `env`, and is skipped if there is none.
 *
 * @throws EnvFileError with the line that is not valid
 */
export function parseEnvFile(text: string, env: StringMap): StringMap {
  const found: Record<string, string> = {}
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  for (let position = 0; position < source.length; ) {
    const rest = source.slice(position)
    const blank = /^(?:[ \t]*(?:#[^\n]*)?\n|[ \t]*(?:#[^\n]*)?$)/.exec(rest)
    if (blank !== null) {
      if (blank[0] === '') break
      position += blank[0].length
      continue
    }
    const entry = entryPattern.exec(rest)
    const line = source.slice(0, position).split('\n').length
    if (entry === null) throw new EnvFileError(line, 'a line that is not NAME=VALUE')
    const [whole, name = '', separator, single, double, plain = ''] = entry
    position += whole.length
    const variables = { ...found, ...env }
    const value = readValue({ separator, single, double, plain }, { name, variables, env, line })
    if (value !== undefined) found[name] = value
  }
  return found
}

/** An environment file that is not valid. The message is a noun phrase. */
export class EnvFileError extends Error {
  /** From 1. */
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

interface Parts {
  readonly separator: string | undefined
  readonly single: string | undefined
  readonly double: string | undefined
  readonly plain: string
}

function readValue(
  { separator, single, double, plain }: Parts,
  {
    name,
    variables,
    env,
    line,
  }: { readonly name: string; readonly variables: StringMap; readonly env: StringMap; readonly line: number },
): string | undefined {
  if (separator === undefined) return Object.hasOwn(env, name) ? env[name] : undefined
  if (single !== undefined) return single
  try {
    if (double !== undefined) return replaceVariables(replaceEscapes(double), variables)
    return replaceVariables(plain.replace(/(?:^|[ \t]+)#.*$/, '').trim(), variables)
  } catch (error) {
    throw error instanceof VariableError ? new EnvFileError(line, error.message) : error
  }
}

function replaceEscapes(text: string): string {
  return text.replace(/\\(.)/gs, (sequence, character: string) => escapes.get(character) ?? sequence)
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
  ['\\', '\\'],
  // A dollar sign that begins no variable.
  ['$', '$$'],
])

const entryPattern =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?:([=:])[ \t]*(?:'([^']*)'[ \t]*(?:#[^\n]*)?|"((?:[^"\\]|\\[\s\S])*)"[ \t]*(?:#[^\n]*)?|([^'"\n][^\n]*|))|(?=\n|$))(?:\n|$)/
