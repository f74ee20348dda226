import type { OperationOptions } from '@capstan/core'
import type { Environment, StringMap } from '@capstan/core/plugin'
import { type ComposeEndpoint, withEndpointEnv } from './compose-endpoint.js'
import type { ComposeProgram } from './find-compose.js'
import { toProgramEnv } from './program-env.js'
import { type ComposeEnd, runCompose } from './run-compose.js'
import type { Transcript } from './transcript.js'

/** Runs the commands of one Compose. */
export class ComposeCommand {
  readonly #program: ComposeProgram
  readonly #env: Environment

  constructor(program: ComposeProgram, env: Environment) {
    this.#program = program
    this.#env = env
  }

  /** Runs a command to its end. Its stderr, and the stdout of a command that changes the engine, are added to the transcript. */
  run(args: readonly string[], { endpoint, variables, ...options }: CommandOptions): Promise<ComposeEnd> {
    const { path } = this.#program
    const { transcript, ...rest } = options
    const onLine = (line: string, stream: 'stdout' | 'stderr') => {
      if (stream === 'stderr' || !args.includes('config')) transcript.add(line)
    }
    return withEndpointEnv(endpoint, this.#env, (fixed) => {
      const env = { ...toProgramEnv(this.#env), ...variables, ...settings, ...fixed }
      return runCompose({ path, args: [...this.#toOutputOptions(), ...args], env, onLine, ...rest })
    })
  }

  #toOutputOptions(): readonly string[] {
    const [major = 0, minor = 0] = this.#program.version.split('.').map(Number)
    const hasJson = major > jsonRelease.major || (major === jsonRelease.major && minor >= jsonRelease.minor)
    return ['--progress', hasJson ? 'json' : 'plain', '--ansi', 'never']
  }
}

/** Options of a command. */
export interface CommandOptions extends OperationOptions {
  readonly endpoint: ComposeEndpoint
  /** The variables of the caller. */
  readonly variables?: StringMap | undefined
  readonly input?: string | undefined
  readonly transcript: Transcript
}

/** Returns the option for the time between the stop signal and SIGKILL, which Compose takes in seconds. */
export function toGraceArguments(graceMs: number | undefined): readonly string[] {
  return graceMs === undefined ? [] : ['--timeout', String(Math.ceil(graceMs / 1000))]
}

/**
 * Compose then builds without the plugins of the docker CLI, and shows no menu. The others are set because Compose otherwise takes
 * them from the file `.env` or from the variables of the caller, which are only for interpolation.
 */
const settings = {
  COMPOSE_BAKE: 'false',
  COMPOSE_MENU: 'false',
  COMPOSE_COMPATIBILITY: 'false',
  COMPOSE_DISABLE_ENV_FILE: 'false',
  COMPOSE_ENV_FILES: '',
  // With a true value, Compose rejects `--remove-orphans`.
  COMPOSE_IGNORE_ORPHANS: 'false',
  COMPOSE_REMOVE_ORPHANS: 'false',
  COMPOSE_STATUS_STDOUT: 'false',
}

/** The first release with `--progress json`. */
const jsonRelease = { major: 2, minor: 29 }
