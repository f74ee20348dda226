import type { IncomingHttpHeaders } from 'node:http'
import type { DockerEngine, EngineCall } from './docker-engine.js'

/** Pings the engine, without an API version, and resolves with the headers of its answer. */
export async function ping(engine: DockerEngine, call: EngineCall): Promise<IncomingHttpHeaders> {
  const response = await engine.send({ ...call, method: 'GET', path: '/_ping', unversioned: true })
  response.resume()
  return response.headers
}

/** Resolves with the time of the engine's clock in whole seconds; if it does not report it, with that of this machine. */
export async function readEngineTime(engine: DockerEngine, call: EngineCall): Promise<number> {
  const { date } = await ping(engine, call)
  return parseDate(date) ?? Math.floor(Date.now() / 1000)
}

/** Converts the header `Date` to seconds of the engine's clock. */
export function parseDate(date: string | undefined): number | undefined {
  const time = Date.parse(date ?? '')
  return Number.isNaN(time) ? undefined : time / 1000
}
