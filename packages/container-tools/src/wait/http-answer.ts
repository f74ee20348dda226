import { type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { check, checkInteger, checkOneOf, type StringMap, toErrorText } from '@capstan/core/plugin'
import { findPublishedAddress } from './published-address.js'
import { retry, type WaitStrategy } from './wait-strategy.js'

/**
 * Waits until an HTTP server at a published TCP port of a container answers with an expected status.
 *
 * @throws HostError INVALID_ARGUMENT at once for an invalid port, path, method or scheme
 */
export function httpAnswer(containerPort: number, options: HttpAnswerOptions = {}): WaitStrategy {
  const { path = '/', method = 'GET', scheme = 'http', headers = {}, status = isSuccess, host } = options
  checkInteger('containerPort', containerPort, { min: 1, max: 65_535 })
  checkOneOf('scheme', scheme, ['http', 'https'])
  check(/^\/[\x21-\x7e]*$/.test(path), 'path', 'a path such as "/ready", without spaces', path)
  check(/^[A-Z]+$/.test(method), 'method', 'a method such as "GET"', method)
  const isExpected = typeof status === 'function' ? status : (given: number) => given === status
  const send = (address: RequestOptions) =>
    // Like a readiness probe of Kubernetes, it tests the answer and not the identity of the server.
    readStatus(scheme, { ...address, path, method, headers, agent: false, rejectUnauthorized: false })
  return {
    title: `${method} ${path} on port ${containerPort}`,
    wait: async (context) =>
      await retry(context, async () => {
        const { signal } = context
        const address = await findPublishedAddress(context, { containerPort, host })
        if (address === undefined) return 'the container is not running'
        try {
          const given = await send({ ...address, signal })
          return isExpected(given) ? undefined : `the server answered with status ${given}`
        } catch (error) {
          signal.throwIfAborted()
          return toErrorText(error)
        }
      }),
  }
}

/** Options of `httpAnswer`. */
export interface HttpAnswerOptions {
  /** Default `/`. */
  readonly path?: string
  /** Default `GET`. */
  readonly method?: string
  /** Default `http`. With `https` the certificate is not verified. */
  readonly scheme?: 'http' | 'https'
  /** Default: none. */
  readonly headers?: StringMap
  /** The expected status, or a function that accepts it. Default: 200 to 399. Redirects are not followed. */
  readonly status?: number | ((status: number) => boolean)
  /** The name or address of the engine's machine: see `PortOpenOptions`. */
  readonly host?: string
}

/** Resolves with the status of the answer. */
function readStatus(scheme: 'http' | 'https', options: RequestOptions & { readonly rejectUnauthorized: boolean }) {
  return new Promise<number>((resolve, reject) => {
    const send = scheme === 'https' ? requestHttps : requestHttp
    const request = send({ ...options, timeout: attemptMs }, (response) => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    request.on('timeout', () => request.destroy(new Error('the server did not answer within 5 s')))
    request.on('error', reject)
    request.end()
  })
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 400
}

const attemptMs = 5_000
