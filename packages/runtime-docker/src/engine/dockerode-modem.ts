import type { EngineRequest, QueryValue } from './docker-engine.js'

/**
 * Lets dockerode speak over our own transport: it builds the call, `send` makes it.
 *
 * Its own modem reads the environment of the process whatever it is given, puts the options of a create into the URL,
 * deletes fields from the caller's objects, has no deadline, and cannot abort every call. None of that happens here.
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

/** What dockerode asks of its modem. */
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

/** A path that ends with `?` takes its options as query, a POST as body; `_query` and `_body` say which is which. */
function toParts({ path, method, options = {} }: DialOptions) {
  const { _query, _body, ...plain } = options
  const split = isRecord(_query) ? _query : plain
  // Values of a query are what dockerode's own types allow there, which is what QueryValue allows.
  const query = path.endsWith('?') ? (split as Readonly<Record<string, QueryValue>>) : undefined
  const body = method === 'POST' ? (isRecord(_body) ? _body : plain) : undefined
  const hasBody = body !== undefined && Object.keys(body).length > 0
  return { ...(query === undefined ? {} : { query }), ...(hasBody ? { body } : {}) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
