import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { packBuildContext } from '@capstan/build-context'
import {
  createHostError,
  type ExecManager,
  type OperationOptions,
  type RegistryCredentials,
  type StringMap,
} from '@capstan/core'
import { runExec } from '../run-exec.js'
import type { BuildPlaces } from './build-command.js'
import type { BuildRequest } from './build-request.js'

/** Where a build's things will be, and the variables that its secrets are in. */
export function planPlaces(request: BuildRequest): BuildPlaces & { readonly env: StringMap } {
  const directory = `/tmp/capstan-build-${randomUUID()}`
  const secretVariables: Record<string, string> = {}
  const secretFiles: Record<string, string> = {}
  const env: Record<string, string> = {}
  for (const [index, [id, value]] of Object.entries(request.secrets ?? {}).entries()) {
    if (typeof value === 'string' && !value.includes('\0')) {
      secretVariables[id] = `CAPSTAN_SECRET_${index}`
      env[`CAPSTAN_SECRET_${index}`] = value
    } else secretFiles[id] = `${directory}/secret-${index}`
  }
  const credentials = `${directory}/docker`
  if (request.credentials !== undefined) env.DOCKER_CONFIG = credentials
  return {
    directory,
    context: `${directory}/context`,
    metadata: `${directory}/metadata.json`,
    credentials,
    secretFiles,
    secretVariables,
    env,
  }
}

/** Sends context, secrets that are files, and credentials into the sidecar, each over the stdin of a process there. */
export async function placeFiles(target: PlaceTarget, request: BuildRequest, places: BuildPlaces): Promise<void> {
  const { dockerfile = 'Dockerfile', secrets = {}, credentials } = request
  const { signal } = target
  const keep = [dockerfile, '.dockerignore', `${dockerfile}.dockerignore`]
  const tar = await packBuildContext(request.context, { keep, signal })
  await write(target, { what: 'the context', script: contextScript, path: places.context, content: tar })
  for (const [id, path] of Object.entries(places.secretFiles)) {
    await write(target, { what: `secret "${id}"`, script: fileScript, path, content: toStream(secrets[id] ?? '') })
  }
  if (credentials === undefined) return
  const content = toStream(toDockerConfig(credentials))
  await write(target, {
    what: 'the credentials',
    script: fileScript,
    path: `${places.credentials}/config.json`,
    content,
  })
}

/** Removes what a build left in the sidecar, within its own time; one that is gone has nothing left. */
export async function removePlaces({ execs, id }: PlaceTarget, { directory }: BuildPlaces): Promise<void> {
  const signal = AbortSignal.timeout(removalMs)
  await runExec(execs, id, { command: ['rm', '-rf', directory], signal }).catch(() => {})
}

export interface PlaceTarget extends OperationOptions {
  readonly execs: ExecManager
  /** Of the sidecar. */
  readonly id: string
}

interface Transfer {
  readonly what: string
  readonly script: string
  readonly path: string
  readonly content: Readable
}

async function write({ execs, id, signal }: PlaceTarget, { what, script, path, content }: Transfer): Promise<void> {
  await using process = await execs.exec(id, ['sh', '-c', script, 'capstan-write', path], { signal })
  process.exitCode.catch(() => {})
  process.stdout.resume()
  let words = ''
  process.stderr.on('data', (chunk: Uint8Array) => {
    words = (words + Buffer.from(chunk).toString()).slice(-1000)
  })
  // A process that ends early says why itself.
  const sent = pipeline(content, process.stdin).catch((error: unknown) => error)
  const exitCode = await process.exitCode
  content.destroy()
  const failure = await sent
  signal?.throwIfAborted()
  if (exitCode === 0 && failure === undefined) return
  if (exitCode === 0) throw failure
  const reason = `it could not be written there (exit code ${exitCode}): ${words.trim()}`
  throw createHostError('OPERATION_FAILED', { operation: 'build', subject: what, status: undefined, reason })
}

const contextScript = 'mkdir -p "$1" && tar -x -f - -C "$1"'
const fileScript = 'umask 077; mkdir -p "$(dirname "$1")" && cat >"$1"'

function toStream(content: string | Uint8Array): Readable {
  return Readable.from([Buffer.from(content)], { objectMode: false })
}

/** As docker writes it: https://docs.docker.com/reference/cli/docker/login/ */
function toDockerConfig(credentials: Readonly<Record<string, RegistryCredentials>>): string {
  const auths = Object.entries(credentials).map(([host, { username, password }]) => [
    host === 'docker.io' ? 'https://index.docker.io/v1/' : host,
    { auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ])
  return JSON.stringify({ auths: Object.fromEntries(auths) })
}

const removalMs = 10_000
