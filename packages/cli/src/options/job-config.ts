import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { JobConfig } from '@capstan/core'
import { CliError, toFileError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'
import { readEnvironment } from './environment.js'
import { parseKeyValues } from './key-values.js'
import { parseTmpfs, parseVolume } from './mounts.js'
import { parseBytes, parseNumber } from './numbers.js'
import { omitUndefined } from './omit-undefined.js'
import { toPersistent } from './run-config.js'
import { parseConfig, parseSecret } from './task-files.js'

/** The options of a job, as commander parses them. */
export interface JobOptions {
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly workdir?: string
  readonly user?: string
  readonly entrypoint?: string
  readonly label?: readonly string[]
  readonly volume?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly network?: readonly string[]
  readonly memory?: string
  readonly cpus?: string
  readonly constraint?: readonly string[]
  readonly secret?: readonly string[]
  readonly config?: readonly string[]
}

/**
 * Converts the options of a job into its config, without a command.
 *
 * @throws HostError INVALID_ARGUMENT naming the option; CliError for a file that cannot be read.
 */
export async function toJobConfig(image: string, options: JobOptions, io: Pick<Io, 'env' | 'cwd'>): Promise<JobConfig> {
  const { entrypoint, memory, cpus, volume = [], tmpfs = [], label } = options
  const variables = Object.entries(await readEnvironment(options, io))
  const env = Object.fromEntries(variables.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
  const mounts = [...volume.map((given) => toPersistent(parseVolume(given, io.cwd))), ...tmpfs.map(parseTmpfs)]
  const fields = omitUndefined<Omit<JobConfig, 'image'>>({
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    env: variables.length === 0 ? undefined : env,
    workingDirectory: options.workdir,
    user: options.user,
    labels: label && parseKeyValues(label, { option: '--label' }),
    mounts: mounts.length === 0 ? undefined : mounts,
    networks: options.network,
    memoryBytes: memory === undefined ? undefined : parseBytes(memory, '--memory'),
    cpus: cpus === undefined ? undefined : parseNumber(cpus, { option: '--cpus' }),
    constraints: options.constraint,
    secrets: options.secret?.map((text) => parseSecret(text, '--secret')),
    configs: options.config?.map((text) => parseConfig(text, '--config')),
  })
  return { image, ...fields }
}

/**
 * Reads the lines of a file, or of stdin for `-`, without empty lines.
 *
 * @throws CliError naming a file that cannot be read or has no lines
 */
export async function readJobLines(file: string, io: Pick<Io, 'stdin' | 'cwd'>): Promise<readonly string[]> {
  const content =
    file === '-'
      ? await text(io.stdin)
      : await readFile(resolve(io.cwd, file), 'utf8').catch((cause: unknown) => {
          throw toFileError(`the file ${file} of --file cannot be read`, cause)
        })
  const lines = content.split(/\r?\n/).filter((line) => line.trim() !== '')
  if (lines.length === 0) throw new CliError(`${file === '-' ? 'stdin' : `the file ${file}`} of --file has no lines`)
  return lines
}
