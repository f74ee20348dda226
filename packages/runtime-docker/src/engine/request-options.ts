import { Readable } from 'node:stream'
import type { EngineRequest, QueryValue, RequestHeaders } from './docker-engine.js'

/** Returns the path with version prefix and query. */
export function toRequestPath({ path, query, unversioned = false }: EngineRequest, apiVersion: string): string {
  const text = toQuery(query)
  return `${unversioned ? '' : `/v${apiVersion}`}${path}${text === '' ? '' : `?${text}`}`
}

/** Returns the encoded body and its headers. */
export function toRequestBody({ body, headers = {} }: EngineRequest): RequestBody {
  if (body === undefined) return { body: undefined, headers: { ...headers } }
  if (body instanceof Readable) return { body, headers: { 'Transfer-Encoding': 'chunked', ...headers } }
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  const type = Buffer.isBuffer(body) ? undefined : { 'Content-Type': 'application/json' }
  return { body: bytes, headers: { ...type, 'Content-Length': String(bytes.length), ...headers } }
}

interface RequestBody {
  readonly body: Buffer | Readable | undefined
  readonly headers: RequestHeaders
}

function toQuery(query: Readonly<Record<string, QueryValue>> = {}): string {
  const parameters = new URLSearchParams()
  for (const [key, given] of Object.entries(query)) {
    const values: readonly QueryValue[] = Array.isArray(given) ? given : [given]
    for (const value of values) if (value !== undefined) parameters.append(key, toText(value))
  }
  return parameters.toString()
}

function toText(value: Exclude<QueryValue, undefined>): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
