import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Environment, joinWords } from '@capstan/core/plugin'
import { parseConfigText } from '../configuration/docker-config.js'
import { isAbsentFile } from '../engine/absent-file.js'
import type { EndpointTls } from '../engine/docker-endpoint.js'
import { asString, toObject } from '../engine/json-values.js'
import type { EndpointCandidate } from './endpoint-candidate.js'
import { findTls } from './endpoint-tls.js'
import { parseEndpoint } from './parse-endpoint.js'

/** Where docker's client stores contexts, and the environment of ssh. */
export interface ContextStore {
  readonly configDirectory: string
  readonly env: Environment
}

/** Reads the endpoint of a context from the store of the docker CLI. The CLI itself is not needed. */
export async function readContext(name: string, { configDirectory, env }: ContextStore): Promise<EndpointCandidate> {
  const source = `context "${name}"`
  const hash = toHash(name)
  const path = join(toMetaDirectory(configDirectory), hash, 'meta.json')
  try {
    const { host, skipVerify } = toEndpoint(parseConfigText(await readFile(path, 'utf8')))
    const tls = await readContextTls(join(configDirectory, 'contexts', 'tls', hash, 'docker'), { skipVerify })
    return parseEndpoint(host, { source, tls, env })
  } catch (error) {
    const remedy = toRemedy(name, await readContexts({ configDirectory, env }).catch(() => []))
    return { source, failed: toUnreadable(error, { path, source, remedy }) }
  }
}

/** A context in the store. */
export interface StoredContext {
  readonly name: string
  readonly description: string
  /** The address of the engine without credentials; `undefined` if it cannot be read. */
  readonly endpoint: string | undefined
  /** Why the context cannot be used; `undefined` if it can. */
  readonly problem: string | undefined
}

/**
 * Reads all contexts in the store, in the order of their names. A file that cannot be used is a context with a `problem`, with
 * the name of its directory if the file has none.
 *
 * @throws Error of the file system when the directory of the store exists and cannot be read
 */
export async function readContexts({ configDirectory, env }: ContextStore): Promise<readonly StoredContext[]> {
  const directory = toMetaDirectory(configDirectory)
  const entries = await readdir(directory).catch((error: unknown) => {
    if (isAbsentFile(error)) return []
    throw error
  })
  const contexts = await Promise.all(entries.map((entry) => readStored({ directory, entry, env })))
  return contexts.flat().toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** Reads one entry of the store; none if it has no file. */
async function readStored({
  directory,
  entry,
  env,
}: Pick<ContextStore, 'env'> & { readonly directory: string; readonly entry: string }): Promise<
  readonly StoredContext[]
> {
  const path = join(directory, entry, 'meta.json')
  const unknown = { name: entry, description: '', endpoint: undefined }
  try {
    const meta = toObject(parseConfigText(await readFile(path, 'utf8')))
    const name = asString(meta.Name) || entry
    const known = { ...unknown, name, description: asString(toObject(meta.Metadata).Description) ?? '' }
    if (toHash(name) !== entry) return [{ ...known, problem: `${path} has another name than its directory` }]
    return [{ ...known, ...describeEndpoint(meta, env) }]
  } catch (error) {
    if (isAbsentFile(error)) return []
    return [{ ...unknown, problem: `${path}: ${error instanceof Error ? error.message : error}` }]
  }
}

function describeEndpoint(meta: unknown, env: Environment): Pick<StoredContext, 'endpoint' | 'problem'> {
  try {
    const parsed = parseEndpoint(toEndpoint(meta).host, { source: 'context', env })
    return 'failed' in parsed
      ? { endpoint: parsed.failed.candidate, problem: parsed.failed.cause.message }
      : { endpoint: parsed.endpoint.url, problem: undefined }
  } catch (error) {
    return { endpoint: undefined, problem: error instanceof Error ? error.message : String(error) }
  }
}

function toMetaDirectory(configDirectory: string): string {
  return join(configDirectory, 'contexts', 'meta')
}

/** The directory of a context in the store is named by the hash of its name. */
function toHash(name: string): string {
  return createHash('sha256').update(name).digest('hex')
}

/**
 * Reads `currentContext` of `config.json`. The name is `undefined` when it is not set or is `default`. An invalid file
 * gives a failed attempt.
 */
export async function readCurrentContext(
  configDirectory: string,
): Promise<{ readonly name: string | undefined } | { readonly failed: EndpointCandidate }> {
  const path = join(configDirectory, 'config.json')
  const source = 'config.json'
  try {
    const name = asString(toObject(parseConfigText(await readFile(path, 'utf8'))).currentContext)
    return { name: name === '' || name === 'default' ? undefined : name }
  } catch (error) {
    if (isAbsentFile(error)) return { name: undefined }
    const remedy = 'repair the file, or name the engine by DOCKER_HOST or DOCKER_CONTEXT'
    return { failed: { source, failed: toUnreadable(error, { path, source, remedy }) } }
  }
}

/** Reads the TLS settings of a context, which has TLS when it has certificate files or skips verification. */
async function readContextTls(
  directory: string,
  { skipVerify }: { readonly skipVerify: boolean },
): Promise<EndpointTls | undefined> {
  const tls = await findTls(directory, { verify: !skipVerify })
  const hasFiles = tls.caFile !== undefined || tls.certFile !== undefined || tls.keyFile !== undefined
  return hasFiles || skipVerify ? tls : undefined
}

function toEndpoint(meta: unknown) {
  const { Host: host, SkipTLSVerify } = toObject(toObject(toObject(meta).Endpoints).docker)
  if (typeof host !== 'string' || host === '') throw new SyntaxError('it has no endpoint for docker')
  return { host, skipVerify: SkipTLSVerify === true }
}

function toUnreadable(error: unknown, { path, source, remedy }: Unreadable) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'PARSE'
  const message = isAbsentFile(error)
    ? `${path} does not exist`
    : `${path}: ${error instanceof Error ? error.message : error}`
  const step = code === 'PARSE' ? ('parse' as const) : ('find' as const)
  return { candidate: path, source, step, cause: { code, message }, remedy }
}

interface Unreadable {
  readonly path: string
  readonly source: string
  readonly remedy: string
}

function toRemedy(name: string, contexts: readonly StoredContext[]): string {
  const known = joinWords(['default', ...contexts.map((context) => context.name)])
  const isKnown = contexts.some((context) => context.name === name)
  const first = isKnown ? `repair context "${name}"` : `create context "${name}"`
  return `${first}, or choose another by DOCKER_CONTEXT: the contexts are ${known}`
}
