import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { dockerPlugin } from '@capstan/runtime-docker'
import { runCapstan } from '../support/run-capstan.js'
import type { GeneratedBuild } from './build-draft.js'

/** Builds an image on an engine, with the options of `docker build`. */
export interface Builder {
  /** Resolves with the text of the error when the build fails. */
  build(request: BuilderRequest): Promise<{ readonly error: string | undefined }>
}

export interface BuilderRequest {
  readonly build: GeneratedBuild
  /** Where the files of the context are. */
  readonly directory: string
  readonly tag: string
  /** By id, the path of a file with the value. */
  readonly secrets: Readonly<Record<string, string>>
}

/** Returns `docker build` by the program buildx of docker. `configDirectory` is that of docker's client, and may be empty. */
export function createDockerBuilder({ buildx, socketPath, configDirectory }: DockerBuilderOptions): Builder {
  const env = {
    PATH: process.env.PATH,
    HOME: configDirectory,
    DOCKER_CONFIG: configDirectory,
    DOCKER_HOST: `unix://${socketPath}`,
    // Attestations are not part of the image, and Capstan adds none by default.
    BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
  }
  return {
    async build(request) {
      const argv = ['build', '--progress=plain', ...toArguments(request)]
      const error = await promisify(execFile)(buildx, argv, { env }).then(() => undefined, toStderr)
      return { error }
    },
  }
}

export interface DockerBuilderOptions {
  /** The path of the program. */
  readonly buildx: string
  readonly socketPath: string
  readonly configDirectory: string
}

/** Returns `capstan build`. */
export function createCapstanBuilder({ socketPath, env }: CapstanBuilderOptions): Builder {
  const plugins = [dockerPlugin({ endpoint: `unix://${socketPath}` })]
  return {
    async build(request) {
      const argv = ['build', '--json', '--progress=quiet', ...toArguments(request)]
      const { exitCode, stderr } = await runCapstan(argv, { env, cwd: request.directory, plugins })
      return { error: exitCode === 0 ? undefined : stderr }
    },
  }
}

export interface CapstanBuilderOptions {
  readonly socketPath: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Both commands have these options. */
function toArguments({ build, directory, tag, secrets }: BuilderRequest): readonly string[] {
  const { dockerfile, target, buildArgs, labels } = build
  return [
    ...['--no-cache', '--tag', tag, '--file', join(directory, dockerfile)],
    ...(target === undefined ? [] : ['--target', target]),
    ...Object.entries(buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...Object.entries(secrets).flatMap(([id, path]) => ['--secret', `id=${id},src=${path}`]),
    directory,
  ]
}

/** Returns what a failed build wrote. Throws an error of another kind, for example that the program does not exist. */
function toStderr(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'number' && 'stderr' in error)
    return `${error.stderr}`
  throw error
}
