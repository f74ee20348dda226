import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { StringMap } from '@capstan/core'
import type { Io } from '../io.js'
import { parseEnvFile } from '../parse/env-file.js'
import { parseKeyValues } from '../parse/key-value.js'
import { toUsageError } from '../usage-error.js'

/** What `--env-file` and `-e` give, the latter winning. A name alone takes its value from here; one that has none is left out. */
export async function readEnvironment(
  { env = [], envFile = [] }: { readonly env?: readonly string[]; readonly envFile?: readonly string[] },
  io: Pick<Io, 'env' | 'cwd'>,
): Promise<StringMap> {
  const files = await Promise.all(envFile.map((file) => readLines(resolve(io.cwd, file))))
  const bare = (key: string) => io.env[key]
  return {
    ...parseKeyValues(files.flat(), { option: '--env-file', bare }),
    ...parseKeyValues(env, { option: '--env', bare }),
  }
}

async function readLines(path: string): Promise<readonly string[]> {
  try {
    return parseEnvFile(await readFile(path, 'utf8'))
  } catch (cause) {
    throw toUsageError(`the environment file ${path} cannot be read`, cause)
  }
}
