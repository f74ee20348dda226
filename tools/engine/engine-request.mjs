import http from 'node:http'
import https from 'node:https'

/**
 * @typedef {object} EngineAnswer
 * @property {number} status
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {string} body
 */

/**
 * Sends a request to the engine and resolves with the response, for any status. Rejects when the connection fails or
 * breaks, and with code TIMED_OUT when no data arrives for `timeoutMs` (default: 30 000, for a busy machine).
 *
 * @param {import('./engine-endpoint.mjs').EngineConnection} connection
 * @param {string} path
 * @param {{ readonly method?: string, readonly body?: Buffer, readonly contentType?: string, readonly timeoutMs?: number }} [options]
 * @returns {Promise<EngineAnswer>}
 */
export function requestEngine(connection, path, { method = 'GET', body, contentType, timeoutMs = 30_000 } = {}) {
  const { request } = connection.protocol === 'https:' ? https : http
  const headers = body ? { 'content-type': contentType ?? 'application/json', 'content-length': body.length } : {}
  return new Promise((resolve, reject) => {
    const sent = request({ ...connection, path, method, headers, agent: false, timeout: timeoutMs }, (response) => {
      /** @type {Buffer[]} */
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() })
      })
    })
    const toLate = () => Object.assign(new Error(`no answer for ${timeoutMs / 1000} s`), { code: 'TIMED_OUT' })
    sent.on('timeout', () => sent.destroy(toLate()))
    sent.on('error', reject)
    sent.end(body)
  })
}
