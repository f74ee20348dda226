import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import type { BuildOptions } from '@capstan/core'
import { type BuildOutput, type BuildRequest, validateBuildRequest } from '@capstan/feature-buildkit'
import { CliError, toFileError } from '../errors/cli-error.js'
import type { Dockerfile } from '../options/build-files.js'
import { type BuildCommandOptions, type OutputChoice, parseSecret } from '../options/build-options.js'
import { omitUndefined } from '../options/omit-undefined.js'
import type { Io } from '../terminal/io.js'

/** Converts the options into a request to BuildKit. Opens, and overwrites, the file of an archive. */
export async function toBuildRequest(
  { context, buildArgs, labels, target, noCache }: BuildSettings,
  dockerfile: Dockerfile['choice'],
  { options, output, io }: BuildRequestOptions,
): Promise<BuildRequest> {
  const secrets = options.secret === undefined ? undefined : await readSecrets(options.secret, io)
  const platforms = options.platform?.split(',')
  const request = {
    context,
    ...dockerfile,
    ...omitUndefined<Omit<BuildRequest, 'context' | 'output'>>({
      buildArgs,
      labels,
      target,
      noCache,
      secrets,
      platforms,
      cacheFrom: options.cacheFrom,
      cacheTo: options.cacheTo,
    }),
  }
  // Validated without the output, since opening it overwrites a file.
  validateBuildRequest({ ...request, output: { type: 'cache-only' } })
  return { ...request, output: await openOutput(output, options, io) }
}

/** The options that both builders have. */
export type BuildSettings = BuildOptions & Required<Pick<BuildOptions, 'context'>>

export interface BuildRequestOptions {
  readonly options: BuildCommandOptions
  readonly output: OutputChoice
  readonly io: Pick<Io, 'env' | 'cwd'>
}

async function readSecrets(texts: readonly string[], io: Pick<Io, 'env' | 'cwd'>) {
  const entries = texts.map(parseSecret).map(async (source) => {
    if ('file' in source) return [source.id, await readSecretFile(resolve(io.cwd, source.file))] as const
    const value = io.env[source.env]
    if (value === undefined) throw new CliError(`--secret ${source.id}: the variable ${source.env} is not set`)
    return [source.id, value] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

async function readSecretFile(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((cause: unknown) => {
    throw toFileError(`the secret ${path} cannot be read`, cause)
  })
}

async function openOutput(
  output: OutputChoice,
  { tag: tags = [] }: BuildCommandOptions,
  { cwd }: Pick<Io, 'cwd'>,
): Promise<BuildOutput> {
  if (output.type === 'cache-only') return { type: 'cache-only' }
  if (output.type !== 'archive') return { type: output.type, tags }
  const { type, format, file } = output
  return { type, format, to: await openFile(resolve(cwd, file)), ...(format === 'files' ? {} : { tags }) }
}

/** Opens the file before the build, so that a failure is reported before the build starts. */
async function openFile(path: string): Promise<Writable> {
  try {
    const file = createWriteStream(path)
    await once(file, 'open')
    return file
  } catch (cause) {
    throw toFileError(`the output ${path} cannot be written`, cause)
  }
}
