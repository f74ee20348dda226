import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { EnvMap } from '@capstan/core'
import type { Io } from '../io.js'
import { parseEnvFile, readEnvFile } from '../parse/env-file.js'
import { parseVariables } from '../parse/variables.js'
import { toUsageError } from '../usage-error.js'

/**
 * What `--env-file` and `-e` give; the latter wins. A name alone takes its value from the environment of the command. Where
 * that has none, `-e NAME` removes the variable of the image, and a line of a file is left out: docker's rules.
 *
 * @throws UsageError naming the file, and the line where one cannot be read.
 */
export async function readEnvironment(
  { env = [], envFile = [] }: { readonly env?: readonly string[]; readonly envFile?: readonly string[] },
  io: Pick<Io, 'env' | 'cwd'>,
): Promise<EnvMap> {
  const files = await Promise.all(envFile.map((file) => readLines(resolve(io.cwd, file))))
  return {
    ...withoutNull(parseVariables(files.flat(), { option: '--env-file', env: io.env })),
    ...parseVariables(env, { option: '--env', env: io.env }),
  }
}

async function readLines(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw toUsageError(`the environment file ${path} cannot be read`, cause)
  })
  return parseEnvFile(readEnvFile(bytes, path))
}

function withoutNull(env: EnvMap): EnvMap {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== null))
}
