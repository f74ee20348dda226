import { toConfigDirectory } from '../configuration/docker-config.js'
import { type ContextStore, readContext, readCurrentContext } from './context-store.js'
import type { EndpointCandidate, EndpointSearch, EndpointSearchInput } from './endpoint-candidate.js'
import { findTls, readEnvironmentTls } from './endpoint-tls.js'
import { parseEndpoint } from './parse-endpoint.js'
import { findWellKnownEndpoints, toDefaultEndpoint } from './well-known-endpoints.js'

/**
 * Finds endpoints as the docker CLI does, and then the sockets of other engines if none is set. The first of these that
 * is set is the only one: endpoint or context given in code, `DOCKER_HOST`, `DOCKER_CONTEXT`, `currentContext` of
 * `config.json`.
 *
 * When none is set, the candidates are the default socket and then the sockets of other engines.
 */
export async function findEndpoints(
  given: GivenEndpoint,
  { system, env }: EndpointSearchInput,
): Promise<EndpointSearch> {
  const configDirectory = toConfigDirectory(env, system.home)
  const named = given.context ?? (env.DOCKER_CONTEXT || undefined)
  const chosen = await findChosen(given, { env, configDirectory })
  if (chosen !== undefined) return { chosen: true, candidates: [chosen] }
  // The context "default" means that no context is used, whatever config.json says.
  const decided = await (named === 'default' ? undefined : findCurrent({ configDirectory, env }))
  if (decided !== undefined) return decided
  const tls = await readEnvironmentTls(env, configDirectory)
  const known = [toDefaultEndpoint(system), ...findWellKnownEndpoints(system, env)]
  return { chosen: false, candidates: known.map(({ source, url }) => parseEndpoint(url, { source, tls, env })) }
}

/** Whether the user chose the endpoint in code, by `DOCKER_HOST` or by `DOCKER_CONTEXT`. Reads no file. */
export function isEndpointChosen({ endpoint, context }: GivenEndpoint, env: EndpointSearchInput['env']): boolean {
  return endpoint !== undefined || Boolean(env.DOCKER_HOST) || isContext(context ?? env.DOCKER_CONTEXT)
}

/** Whether a name selects a context. The name "default" means that no context is used. */
function isContext(name: string | undefined): name is string {
  return name !== undefined && name !== '' && name !== 'default'
}

/** The endpoint or context given in code. */
export interface GivenEndpoint {
  readonly endpoint?: string | undefined
  readonly context?: string | undefined
  readonly tls?: { readonly directory?: string | undefined; readonly verify?: boolean | undefined } | undefined
}

async function findChosen(
  { endpoint, context, tls }: GivenEndpoint,
  { env, configDirectory }: ContextStore,
): Promise<EndpointCandidate | undefined> {
  if (endpoint !== undefined) {
    const { directory = configDirectory, verify = true } = tls ?? {}
    const files = tls === undefined ? undefined : await findTls(directory, { verify })
    return parseEndpoint(endpoint, { source: 'given in code', tls: files, env })
  }
  if (isContext(context)) return readContext(context, { configDirectory, env })
  if (env.DOCKER_HOST) {
    const source = 'DOCKER_HOST'
    return parseEndpoint(env.DOCKER_HOST, { source, tls: await readEnvironmentTls(env, configDirectory), env })
  }
  if (context !== undefined || !isContext(env.DOCKER_CONTEXT)) return undefined
  return readContext(env.DOCKER_CONTEXT, { configDirectory, env })
}

/** Finds the current context. It is not `chosen`, because Docker Desktop sets one without the user's choice. */
async function findCurrent({ configDirectory, env }: ContextStore): Promise<EndpointSearch | undefined> {
  const current = await readCurrentContext(configDirectory)
  if ('failed' in current) return { chosen: false, candidates: [current.failed] }
  if (current.name === undefined) return undefined
  return { chosen: false, candidates: [await readContext(current.name, { configDirectory, env })] }
}
