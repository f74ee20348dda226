import { access, readFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { ComposeSource } from '@capstan/core'
import { CliError, toFileError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'

/** The options of `capstan compose` that name a project. */
export interface ComposeProjectOptions {
  readonly file?: readonly string[]
  readonly projectName?: string
  readonly projectDirectory?: string
  readonly profile?: readonly string[]
  readonly envFile?: readonly string[]
}

/**
 * Finds the files and the name of a project, as docker does. Without `--file` and COMPOSE_FILE, the files are those with a standard
 * name in the working directory or the nearest parent, with the override file beside. The name is that of `--project-name`,
 * else COMPOSE_PROJECT_NAME, else `name` in the files, else the name of the directory.
 *
 * @throws CliError when there is no file, or a file cannot be read
 */
export async function findComposeSource(options: ComposeProjectOptions, io: ProjectIo): Promise<ComposeSource> {
  const { env, cwd } = io
  const given = options.file ?? splitList(env.COMPOSE_FILE, env.COMPOSE_PATH_SEPARATOR || delimiter)
  const settings = {
    // Without them, the runtime uses COMPOSE_PROFILES of the variables.
    profiles: options.profile ?? [],
    env: toVariables(env),
    ...(options.envFile && { envFiles: options.envFile.map((file) => resolve(cwd, file)) }),
  }
  const directory = options.projectDirectory === undefined ? undefined : resolve(cwd, options.projectDirectory)
  if (given?.includes('-')) {
    if (given.length > 1) throw new CliError('--file - cannot be used with another --file')
    const content = (await buffer(io.stdin)).toString('utf8')
    const texts = [{ name: '-', text: content }]
    const name = await findName(options, env, { texts, directory: directory ?? cwd })
    return { ...settings, name, content, directory: directory ?? cwd }
  }
  const files = given === undefined ? await findStandardFiles(cwd) : toPaths(given, cwd)
  const texts = await Promise.all(files.map(async (name) => ({ name, text: await readText(name) })))
  const name = await findName(options, env, { texts, directory: directory ?? dirname(files[0]) })
  return { ...settings, name, files, ...(directory !== undefined && { directory }) }
}

/** Returns the name of a project that is given by `--project-name` or COMPOSE_PROJECT_NAME, else that of its files. */
export async function findProjectName(options: ComposeProjectOptions, io: ProjectIo): Promise<string> {
  return toGivenName(options, io.env) ?? (await findComposeSource(options, io)).name
}

/** The parts of the process that a project is found with. */
export type ProjectIo = Pick<Io, 'env' | 'cwd' | 'stdin'>

type Files = readonly [string, ...string[]]

function toGivenName({ projectName }: ComposeProjectOptions, env: Io['env']): string | undefined {
  return projectName ?? (env.COMPOSE_PROJECT_NAME || undefined)
}

function splitList(text: string | undefined, separator: string): readonly string[] | undefined {
  const parts = (text ?? '').split(separator).filter((part) => part !== '')
  return parts.length === 0 ? undefined : parts
}

function toPaths(files: readonly string[], cwd: string): Files {
  const [first, ...others] = files.map((file) => resolve(cwd, file))
  if (first === undefined) throw new CliError('--file needs a path')
  return [first, ...others]
}

async function findStandardFiles(cwd: string): Promise<Files> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const file = await findFirst(directory, standardNames)
    if (file !== undefined) {
      const override = await findFirst(directory, overrideNames)
      return override === undefined ? [file] : [file, override]
    }
    if (directory === dirname(directory)) break
  }
  throw new CliError(`there is no ${standardNames[0]} in ${cwd} or in a parent folder`, {
    remedies: ['name the file by --file, as in `capstan compose --file FILE up`'],
  })
}

async function findFirst(directory: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const path = join(directory, name)
    const exists = await access(path).then(
      () => true,
      () => false,
    )
    if (exists) return path
  }
  return undefined
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw toFileError(`the Compose file ${path} cannot be read`, error)
  }
}

interface NamedTexts {
  readonly texts: readonly { readonly name: string; readonly text: string }[]
  readonly directory: string
}

async function findName(
  options: ComposeProjectOptions,
  env: Io['env'],
  { texts, directory }: NamedTexts,
): Promise<string> {
  const given = toGivenName(options, env)
  if (given !== undefined) return given
  for (const { name: file, text } of [...texts].reverse()) {
    const name = await readName(text)
    if (name?.includes('$')) {
      const remedies = ['pass --project-name']
      throw new CliError(`the name of the project in ${file} has variables, which capstan does not replace`, {
        remedies,
      })
    }
    if (name !== undefined) return name
  }
  const normalized = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '')
  if (normalized !== '') return normalized
  throw new CliError(`the folder ${directory} gives the project no name`, { remedies: ['pass --project-name'] })
}

/** Reads `name` of a Compose file. A file that is not valid has no name here: the runtime reports it. */
async function readName(text: string): Promise<string | undefined> {
  // Loaded on demand: no other command reads YAML.
  const { parseDocument } = await import('yaml')
  const name: unknown = parseDocument(text, { logLevel: 'silent' }).get('name')
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** Returns the variables of this process. Their names cannot have an equals sign, which some of Windows have. */
function toVariables(env: Io['env']): Readonly<Record<string, string>> {
  const entries = Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))
  return Object.fromEntries(entries.filter(([key]) => /^[^-=\s][^=\s]*$/.test(key)))
}

const standardNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
]
