import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EnvMap } from '@capstan/core/plugin'
import { CliError, toFileError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'
import { splitPair } from './key-values.js'
import { createOptionError } from './option-error.js'

/**
 * Reads the variables of `--env-file` and `-e`; `-e` wins. A name without a value takes the value from the environment of the
 * command. If it is not set there, `-e NAME` removes the variable of the image and a line of a file is ignored, as in docker.
 *
 * @throws CliError naming a file that cannot be read, or the file and the line that cannot be parsed.
 */
export async function readEnvironment(
  { env = [], envFile = [] }: { readonly env?: readonly string[]; readonly envFile?: readonly string[] },
  io: Pick<Io, 'env' | 'cwd'>,
): Promise<EnvMap> {
  const files = await Promise.all(envFile.map((file) => readEnvFile(resolve(io.cwd, file))))
  const fromFiles = parseVariables(files.flat(), { option: '--env-file', env: io.env })
  return {
    ...Object.fromEntries(Object.entries(fromFiles).filter(([, value]) => value !== null)),
    ...parseVariables(env, { option: '--env', env: io.env }),
  }
}

/**
 * Parses `NAME=VALUE` and `NAME` texts; the last one of a name wins. `NAME` takes its value from `env`, or `null` if it is
 * not set there.
 *
 * @throws HostError INVALID_ARGUMENT naming `option` for a text without a name.
 */
export function parseVariables(
  texts: readonly string[],
  { option, env }: { readonly option: string; readonly env: Io['env'] },
): EnvMap {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value] = splitPair(text)
      if (name === '') throw createOptionError(option, 'NAME=VALUE or NAME', text)
      // Inherited properties such as `toString` are not variables.
      return [name, value ?? (Object.hasOwn(env, name) ? (env[name] ?? null) : null)]
    }),
  )
}

async function readEnvFile(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw toFileError(`the environment file ${path} cannot be read`, cause)
  })
  return parseEnvFile(bytes, path)
}

/**
 * Returns the `NAME=VALUE` and `NAME` lines of an environment file: UTF-8, with or without a byte order mark. Skips blank
 * lines and `#` lines, and keeps quotes, as docker does.
 *
 * @throws CliError naming `file` and the first line that is not UTF-8, has no name, or has white space in its name. The
 * message contains no value.
 */
export function parseEnvFile(bytes: Uint8Array, file: string): readonly string[] {
  const text = decode(bytes)
  if (text === undefined) {
    throw new CliError(`${file}, line ${findUndecodableLine(bytes)}: not UTF-8; save the file as UTF-8`)
  }
  const lines = text.split(/\r?\n/).map((line) => line.trimStart())
  return lines.filter((line, index) => {
    if (line === '' || line.startsWith('#')) return false
    const problem = findProblem(line)
    if (problem !== undefined) throw new CliError(`${file}, line ${index + 1}: ${problem}`)
    return true
  })
}

function findProblem(line: string): string | undefined {
  const [name] = splitPair(line)
  if (name === '') return 'no name before the "="'
  return /[ \t]/.test(name) ? `white space in the name ${JSON.stringify(name)}` : undefined
}

/** Returns the number of the first line that is not UTF-8, counted from 1. In UTF-8 the byte 0x0a is always a line feed. */
function findUndecodableLine(bytes: Uint8Array): number {
  for (let line = 1, start = 0; ; line += 1) {
    const end = bytes.indexOf(0x0a, start)
    if (end === -1 || decode(bytes.subarray(start, end)) === undefined) return line
    start = end + 1
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
