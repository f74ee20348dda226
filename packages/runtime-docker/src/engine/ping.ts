import type { IncomingHttpHeaders } from 'node:http'
import type { DockerEngine, EngineCall } from './docker-engine.js'

/** Pings the engine, without an API version, and resolves with the headers of its answer. */
export async function ping(engine: DockerEngine, call: EngineCall): Promise<IncomingHttpHeaders> {
  const response = await engine.send({ ...call, method: 'GET', path: '/_ping', unversioned: true })
  response.resume()
  return response.headers
}
