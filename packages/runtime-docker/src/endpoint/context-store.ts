import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from '@capstan/core/plugin'
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
  const hash = createHash('sha256').update(name).digest('hex')
  const path = join(configDirectory, 'contexts', 'meta', hash, 'meta.json')
  try {
    const { host, skipVerify } = toEndpoint(parseConfigText(await readFile(path, 'utf8')))
    const tls = await readContextTls(join(configDirectory, 'contexts', 'tls', hash, 'docker'), { skipVerify })
    return parseEndpoint(host, { source, tls, env })
  } catch (error) {
    return { source, failed: toUnreadable(error, { path, source, remedy: remedyOf(name) }) }
  }
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

function remedyOf(name: string): string {
  return `see "docker context ls", create context "${name}", or choose another by DOCKER_CONTEXT`
}
