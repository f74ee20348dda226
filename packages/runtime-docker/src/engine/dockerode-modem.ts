import type { EngineRequest, QueryValue } from './docker-engine.js'

/**
 * Creates a modem for dockerode that sends its requests with `send`.
 *
 * docker-modem is not used, because it always reads the environment of the process, puts the options of a create into
 * the URL, deletes fields from the caller's objects, has no deadline, and cannot abort every call.
 */
export function createDockerodeModem(send: (request: DialedRequest) => Promise<unknown>): DockerodeModem {
  return {
    Promise,
    dial(options, callback) {
      const { path, method } = options
      const bare = path.endsWith('?') ? path.slice(0, -1) : path
      send({ method, path: bare, ...toParts(options) }).then(
        (answer) => callback(null, answer),
        (error: unknown) => callback(error),
      )
    },
  }
}

/** The part of docker-modem that dockerode uses. */
export interface DockerodeModem {
  /** The constructor of the promises that dockerode returns. */
  readonly Promise: PromiseConstructor
  dial(options: DialOptions, callback: (error: unknown, answer?: unknown) => void): void
}

export interface DialOptions {
  readonly path: string
  readonly method: EngineRequest['method']
  readonly options?: Readonly<Record<string, unknown>>
}

export type DialedRequest = Pick<EngineRequest, 'method' | 'path' | 'query' | 'body'>

/**
 * Splits the options. They are the query of a path that ends with `?`, and the body of a POST; `_query` and `_body`
 * override this.
 */
function toParts({ path, method, options = {} }: DialOptions) {
  const { _query, _body, ...plain } = options
  const split = isRecord(_query) ? _query : plain
  // dockerode's types allow the same values in a query as QueryValue.
  const query = path.endsWith('?') ? (split as Readonly<Record<string, QueryValue>>) : undefined
  const body = method === 'POST' ? (isRecord(_body) ? _body : plain) : undefined
  const hasBody = body !== undefined && Object.keys(body).length > 0
  return { ...(query === undefined ? {} : { query }), ...(hasBody ? { body } : {}) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
