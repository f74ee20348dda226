import { createWriteStream, type WriteStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import type { BuildOptions } from '@capstan/core'
import {
  type BuildOutput,
  type BuildRequest,
  type FindCredentials,
  validateBuildRequest,
} from '@capstan/feature-buildkit'
import { findCredentials } from '@capstan/runtime-docker'
import { CliError, failedBuild, toFileError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import {
  type BuildCommandOptions,
  parseCache,
  parseNamedContext,
  parseSecret,
  parseSsh,
} from '../options/build-options.js'
import type { OutputChoice } from '../options/build-output.js'
import { type BuildSource, requireDirectory } from '../options/build-source.js'
import { parseExtraHosts } from '../options/networking.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { requireDirectoryOrNothing, requireWritableFile } from '../options/output-file.js'
import { writeWarning } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'

/** Converts the options into a request to BuildKit. Checks the files of the output, and changes none. */
export async function toBuildRequest(
  { buildArgs, labels, target, noCache, pull }: BuildSettings,
  source: BuildSource['request'],
  { options, output, invocation }: BuildRequestOptions,
): Promise<BuildRequest> {
  const { io } = invocation
  const { secret, ssh, buildContext, cacheFrom, cacheTo, platform, cacheFilter, network } = options
  // As in docker, the mode is also the permission to use it.
  const allow = [...(options.allow ?? []), ...(network === 'host' ? ['network.host'] : [])]
  const request = {
    ...source,
    ...omitUndefined<Omit<BuildRequest, 'context' | 'output'>>({
      buildArgs,
      labels,
      target,
      noCache,
      pull,
      secrets: secret && (await readSecrets(secret, io)),
      ssh: ssh && (await findAgents(ssh, io)),
      namedContexts: buildContext && (await findNamedContexts(buildContext, io)),
      platforms: platform?.split(','),
      network: network === 'default' ? undefined : network,
      extraHosts: parseExtraHosts(options.addHost),
      noCacheStages: cacheFilter.flatMap((stages) => stages.split(',')),
      entitlements: allow.flatMap((names) => names.split(',')),
      cacheFrom: cacheFrom?.map((text) => parseCache(text, { option: '--cache-from', cwd: io.cwd })),
      cacheTo: cacheTo?.map((text) => parseCache(text, { option: '--cache-to', cwd: io.cwd })),
      credentials: createCredentialFinder(invocation),
    }),
  }
  // Validated before the files of the output are checked.
  validateBuildRequest({ ...request, output: { type: 'cache-only' } })
  for (const { type, dest } of request.cacheTo ?? [])
    if (type === 'local' && dest !== undefined) await requireDirectoryOrNothing(dest, `--cache-to: ${dest}`)
  return { ...request, output: await openOutput(output, io) }
}

/** The options that all builders have. */
export type BuildSettings = Omit<BuildOptions, 'context'>

export interface BuildRequestOptions {
  readonly options: BuildCommandOptions
  readonly output: OutputChoice
  readonly invocation: Pick<Invocation, 'io' | 'interrupts'>
}

/** Returns a function that finds the credentials that docker's client would use. Without them, access is anonymous. */
function createCredentialFinder({ io, interrupts }: BuildRequestOptions['invocation']): FindCredentials {
  return async (host) => {
    const { auth, problem } = await findCredentials(host, { env: io.env }, { signal: interrupts.signal })
    if (problem !== undefined) writeWarning(io.stderr, `no credentials for ${host}: ${problem}`)
    return auth
  }
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
    throw toFileError(`the secret ${path} cannot be read`, cause, failedBuild)
  })
}

/** Returns the sockets of SSH agents by id. Unlike docker, files of keys are not accepted: only an agent holds keys. */
async function findAgents(texts: readonly string[], { env, cwd }: Pick<Io, 'env' | 'cwd'>) {
  const entries = texts.map(parseSsh).map(async ({ id, path = env.SSH_AUTH_SOCK }) => {
    if (!path) throw new CliError(`--ssh ${id}: SSH_AUTH_SOCK is not set`, { remedies: startAgent })
    const socket = resolve(cwd, path)
    const stats = await stat(socket).catch((cause: unknown) => {
      throw toFileError(`--ssh ${id}: the socket ${socket} cannot be used`, cause, failedBuild)
    })
    if (!stats.isSocket())
      throw new CliError(`--ssh ${id}: ${socket} is not the socket of an agent`, { remedies: addKey, ...failedBuild })
    return [id, socket] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

const startAgent = ['start an agent: eval "$(ssh-agent)" && ssh-add', 'name its socket by --ssh ID=SOCKET']
const addKey = ['add the key to an agent by ssh-add, and omit the path']

async function findNamedContexts(texts: readonly string[], { cwd }: Pick<Io, 'cwd'>) {
  const entries = texts.map(parseNamedContext).map(async (context) => {
    if ('url' in context) return [context.name, context.url] as const
    const directory = resolve(cwd, context.directory)
    await requireDirectory(directory, `pass a directory or a URL to --build-context ${context.name}`)
    return [context.name, { directory }] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

async function openOutput(output: OutputChoice, { cwd, stdout }: Pick<Io, 'cwd' | 'stdout'>): Promise<BuildOutput> {
  if (output.type === 'archive' && output.to === '-') return { ...output, to: openStdout(stdout) }
  if (output.type !== 'archive' && output.type !== 'directory') return output
  const path = resolve(cwd, output.to)
  if (output.type === 'archive') {
    const problem = `the output ${path} cannot be written`
    await requireWritableFile(path, problem)
    return { ...output, to: createArchiveStream(path, problem) }
  }
  await requireDirectoryOrNothing(path, `the output ${path}`)
  return { ...output, to: path }
}

/**
 * Creates a stream that opens the file at the first byte, so that a build that fails before that keeps an existing file.
 * `problem` is the beginning of the error when the file cannot be written.
 */
function createArchiveStream(path: string, problem: string): Writable {
  let file: WriteStream | undefined
  const open = () => {
    file ??= createWriteStream(path).on('error', () => {}) // the callbacks report it
    return file
  }
  const report = (done: (error?: Error) => void) => (error?: Error | null) => {
    if (error) done(toFileError(problem, error))
    else done()
  }
  return new Writable({
    write: (chunk, _encoding, done) => void open().write(chunk, report(done)),
    final: (done) => void open().end(report(done)),
    destroy(error, done) {
      file?.destroy()
      done(error)
    },
  })
}

/** Returns a stream that may be ended or destroyed, which stdout may not. */
function openStdout(stdout: Io['stdout']): Writable {
  if (stdout.isTTY === true) {
    const remedies = ['redirect stdout, or name a file']
    throw new CliError('an archive is not written to a terminal', { remedies })
  }
  const archive = new PassThrough()
  archive.pipe(stdout, { end: false })
  return archive
}
