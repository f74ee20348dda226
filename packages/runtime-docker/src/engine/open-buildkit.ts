import type { Duplex } from 'node:stream'
import { buildServiceCapability, isHostError } from '@capstan/core'
import type { DockerEngine, EngineCall, RequestHeaders } from './docker-engine.js'

/** Whether the engine serves the API of its own BuildKit, as the probe has found. */
export function hasBuildKit({ details }: Pick<DockerEngine, 'details'>): boolean {
  return !details.absent.some(({ id }) => id === buildServiceCapability.id)
}

/**
 * Opens a connection to the engine's BuildKit: HTTP/2 without TLS. API 1.53 deprecates the request: an engine without it serves
 * BuildKit's API on every connection. https://docs.docker.com/reference/api/engine/version-history/
 */
export async function openBuildKit(engine: DockerEngine, call: EngineCall): Promise<Duplex> {
  return (await upgrade(engine, { ...call, path: '/grpc' })) ?? (await engine.connect(call))
}

/** Opens a connection on which BuildKit is the client. `undefined` if the engine does not have the request. */
export async function openBuildKitSession(
  engine: DockerEngine,
  headers: RequestHeaders,
  call: EngineCall,
): Promise<Duplex | undefined> {
  return await upgrade(engine, { ...call, path: '/session', headers })
}

/** Upgrades a connection to HTTP/2. Resolves with `undefined` if the engine does not have the path. */
async function upgrade(
  engine: DockerEngine,
  { headers, ...call }: EngineCall & { readonly path: string; readonly headers?: RequestHeaders },
): Promise<Duplex | undefined> {
  try {
    const request = { ...call, method: 'POST', headers: { ...headers, Upgrade: 'h2c' } } as const
    const { socket, head } = await engine.upgrade(request)
    // The first frames of the peer may arrive with the answer.
    if (head.length > 0) socket.unshift(head)
    return socket
  } catch (error) {
    if (!isHostError(error, 'OPERATION_FAILED') || error.facts.status !== 404) throw error
    return undefined
  }
}
