import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, parse } from 'node:path'
import { type Environment, findHomeDirectory, joinWords, toErrorText } from '@capstan/core/plugin'
import { toProgramEnv } from './program-env.js'

/** A Compose of version 2 or later. */
export interface ComposeProgram {
  readonly path: string
  /** As the program prints it: `2.40.3`. */
  readonly version: string
}

/** The program that was found, or why there is none. */
export type ComposeSearch =
  | { readonly program: ComposeProgram }
  | { readonly program: undefined; readonly reason: string; readonly remedy: string }

/** Options of `findCompose`. */
export interface FindComposeOptions {
  /** The environment of the host. */
  readonly env: Environment
  /** The absolute path of the program. Default: searched on PATH, then in the directories of plugins of the docker CLI. */
  readonly program?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Finds the program `docker-compose`, and asks it for its version. The docker CLI is not needed.
 *
 * The version of a file is asked for once in this process. Without such a file no process is started.
 */
export async function findCompose({ env, program, signal }: FindComposeOptions): Promise<ComposeSearch> {
  const unusable: string[] = []
  for (const path of program === undefined ? listCandidates(env) : [program]) {
    const key = await findKey(path)
    signal?.throwIfAborted()
    if (key === undefined) continue
    const answer = await readVersion(path, { key, env })
    signal?.throwIfAborted()
    if ('problem' in answer) unusable.push(`${path} ${answer.problem}`)
    else if (Number.parseInt(answer.version, 10) >= oldestMajor) return { program: { path, ...answer } }
    else unusable.push(`${path} is Compose ${answer.version}`)
  }
  if (program !== undefined && unusable.length === 0) {
    return { program: undefined, reason: `there is no program ${program}`, remedy: 'correct the path of the program' }
  }
  const found = unusable.length === 0 ? '' : `: ${joinWords(unusable)}`
  return { program: undefined, reason: `no Compose ${oldestMajor} was found${found}`, remedy: installRemedy }
}

/** Lists the paths at which the program may be, in the order in which they are tried. */
function listCandidates(env: Environment): readonly string[] {
  const isWindows = process.platform === 'win32'
  const name = isWindows ? 'docker-compose.exe' : 'docker-compose'
  const onPath = (env.PATH ?? '').split(delimiter).filter(isAbsolute)
  const config = env.DOCKER_CONFIG || join(findHomeDirectory(env), '.docker')
  const system = isWindows
    ? [env.ProgramData, env.ProgramFiles].flatMap((root) => (root ? [join(root, 'Docker')] : []))
    : ['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec', '/opt/homebrew/lib'].map((directory) =>
        join(directory, 'docker'),
      )
  const plugins = [config, ...system].map((directory) => join(directory, 'cli-plugins'))
  return [...new Set([...onPath, ...plugins].map((directory) => join(directory, name)))]
}

/** Returns a text that changes with the file; `undefined` without a program at the path. */
async function findKey(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK)
    const file = await stat(path)
    return file.isFile() ? [path, file.ino, file.size, file.mtimeMs].join('\0') : undefined
  } catch {
    return undefined
  }
}

type VersionAnswer = { readonly version: string } | { readonly problem: string }

function readVersion(path: string, { key, env }: { readonly key: string; readonly env: Environment }) {
  const known = versions.get(key)
  if (known !== undefined) return known
  const asked = askVersion(path, env)
  versions.set(key, asked)
  return asked
}

function askVersion(path: string, env: Environment): Promise<VersionAnswer> {
  const options = { cwd: parse(path).root, timeout: versionMs, killSignal: 'SIGKILL' } as const
  return new Promise((resolve) => {
    execFile(path, ['version', '--short'], { ...options, env: toProgramEnv(env) }, (error, stdout) => {
      const [version] = /\d+\.\d+(\.\d+)?/.exec(stdout) ?? []
      if (version !== undefined) return resolve({ version })
      const problem = error === null ? `printed ${JSON.stringify(stdout.slice(0, 80))}` : toErrorText(error)
      resolve({ problem: `does not tell its version (${problem.trim()})` })
    })
  })
}

const versions = new Map<string, Promise<VersionAnswer>>()

const oldestMajor = 2
/** A program of another kind may not end. */
const versionMs = 5_000
const installRemedy =
  'install Compose 2, for example the package docker-compose-plugin of Docker, docker-compose-v2 of Ubuntu, or docker-compose of Debian 13 or later'
