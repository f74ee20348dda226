import { findEndpoint } from './engine-endpoint.mjs'
import { requestEngine } from './engine-request.mjs'

/**
 * @typedef {object} FoundEngine
 * @property {true} available
 * @property {import('./engine-endpoint.mjs').EngineEndpoint} endpoint
 * @property {import('./engine-endpoint.mjs').EngineConnection} connection
 * @property {string} name product and version, such as `Docker/20.10.24 (linux)`
 * @property {string} apiVersion
 *
 * @typedef {object} NoEngine
 * @property {false} available
 * @property {import('./engine-endpoint.mjs').EngineEndpoint} endpoint
 * @property {string} reason a clause that names the endpoint
 * @property {string} [code] of the error, such as `EACCES`; TIMED_OUT: an engine may exist and be busy
 */

/**
 * Checks whether an engine answers at the endpoint that the docker command line would use. A client on PATH or a socket
 * file does not count. Never rejects. An absent engine is reported at once. An engine that accepts the connection has 10 s
 * to answer on this machine and 30 s on others, and is then reported as slow (code TIMED_OUT).
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @param {{ readonly timeoutMs?: number }} [options]
 * @returns {Promise<FoundEngine | NoEngine>}
 */
export async function findEngine(env = process.env, { timeoutMs } = {}) {
  const endpoint = findEndpoint(env)
  const { connection } = endpoint
  if (!connection) return { available: false, endpoint, reason: `${endpoint.source}: ${endpoint.problem}` }
  try {
    const limitMs = timeoutMs ?? (connection.socketPath ? localMs : remoteMs)
    const { status, headers } = await requestEngine(connection, '/_ping', { timeoutMs: limitMs })
    if (status !== 200) return { available: false, endpoint, reason: `${endpoint.host} answers with status ${status}` }
    const apiVersion = String(headers['api-version'] ?? 'unknown')
    return { available: true, endpoint, connection, name: String(headers.server ?? 'an engine'), apiVersion }
  } catch (error) {
    const code = toCode(error)
    const answers = code === 'TIMED_OUT' ? 'the engine does not answer in time' : 'no engine answers'
    return { available: false, endpoint, reason: `${answers} at ${endpoint.host} (${toReason(error)})`, code }
  }
}

const localMs = 10_000
const remoteMs = 30_000

/** @param {unknown} error */
function toReason(error) {
  return reasons[toCode(error)] ?? (error instanceof Error ? error.message : String(error))
}

/** @param {unknown} error */
function toCode(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** @type {Record<string, string>} */
const reasons = {
  ENOENT: 'no such socket',
  ECONNREFUSED: 'connection refused',
  EACCES: 'permission denied: your user may not open the socket; usually it must be in the group "docker"',
}
