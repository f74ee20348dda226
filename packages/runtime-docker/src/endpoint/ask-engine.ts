import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ProbeStep } from '@capstan/core'
import { isApiVersion, negotiateApiVersion } from '../api-version.js'
import type { ApiVersions } from '../docker-details.js'
import { AnswerFormatError } from '../transport/answer-format-error.js'
import { HttpTransport } from '../transport/http-transport.js'
import { readBody } from '../transport/read-body.js'
import type { DockerEndpoint } from './docker-endpoint.js'
import type { InfoAnswer, VersionAnswer } from './engine-facts.js'

/**
 * Asks an engine who it is: a ping for the API version to speak, then all the rest at once. Looks only, and closes its
 * connections. `onStep` hears how far it has come.
 */
export async function askEngine(
  endpoint: DockerEndpoint,
  { signal, pinned, onStep }: AskOptions,
): Promise<EngineFindings> {
  const transport = new HttpTransport(endpoint)
  const get = (path: string, onSocket?: (socket: Socket) => void) =>
    transport.request({ ...getRequest, path, signal, ...(onSocket === undefined ? {} : { onSocket }) })
  try {
    onStep('connect')
    const newest = await readNewest(await get('/_ping', (socket) => watchConnecting(socket, onStep)))
    onStep('version')
    const spoken = pinned ?? negotiateApiVersion(newest)
    const [version, info] = await Promise.all([
      get(`/v${spoken}/version`).then(readObject<VersionAnswer>),
      get(`/v${spoken}/info`).then(readObject<InfoAnswer>),
    ])
    const oldest = isApiVersion(version.MinAPIVersion) ? version.MinAPIVersion : newest
    return { api: { version: spoken, newest, oldest, pinned: pinned !== undefined }, version, info }
  } finally {
    transport.close()
  }
}

export interface AskOptions {
  readonly signal: AbortSignal | undefined
  /** From `DOCKER_API_VERSION`: nothing is negotiated. */
  readonly pinned: string | undefined
  readonly onStep: (step: ProbeStep) => void
}

export interface EngineFindings {
  readonly api: ApiVersions
  readonly version: VersionAnswer
  readonly info: InfoAnswer
}

/** Tells how far the first connection comes: an address that drops packets, a handshake, an engine that is silent. */
function watchConnecting(socket: Socket, onStep: (step: ProbeStep) => void): void {
  socket.once('connect', () => onStep(socket instanceof TLSSocket ? 'tls' : 'ping'))
  socket.once('secureConnect', () => onStep('ping'))
}

async function readNewest(ping: IncomingMessage): Promise<string> {
  const body = await readBody(ping)
  const newest = ping.headers['api-version']?.toString()
  if (isApiVersion(newest)) return newest
  throw new AnswerFormatError('the answer to the ping names no API version', body)
}

/** `T` is what the engine documents, each field optional. */
async function readObject<T extends object>(response: IncomingMessage): Promise<T> {
  const text = await readBody(response)
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new AnswerFormatError('the answer is no object', text)
  return value as T // a field of another type than documented is no engine's
}

const getRequest = { method: 'GET', headers: {}, body: undefined, pooled: true, repeatable: false }
