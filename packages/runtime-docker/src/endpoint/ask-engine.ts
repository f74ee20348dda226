import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ProbeStep } from '@capstan/core/plugin'
import { type AcceptedEngine, findByComponents, findByServer } from '../engine/accepted-engine.js'
import { AnswerFormatError } from '../engine/answer-format-error.js'
import { compareApiVersions, isApiVersion, negotiateApiVersion } from '../engine/api-version.js'
import type { ApiVersions } from '../engine/docker-details.js'
import type { DockerEndpoint } from '../engine/docker-endpoint.js'
import { isVersionRefusal } from '../engine/docker-error-texts.js'
import type { InfoAnswer, VersionAnswer } from '../engine/engine-facts.js'
import { HttpTransport } from '../engine/http-transport.js'
import { readBody } from '../engine/read-body.js'

/**
 * Asks an engine who it is: a ping tells product and API version, then one question tells all the rest. Looks only, and
 * closes its connections. `onStep` hears how far it has come.
 *
 * `/version` is asked only where the ping leaves something open: it takes an engine as long as all else together.
 */
export async function askEngine(endpoint: DockerEndpoint, options: AskOptions): Promise<EngineFindings> {
  const { signal, timeoutMs: connectMs, onStep } = options
  const transport = new HttpTransport(endpoint, { connectMs })
  const get: Get = (path, onSocket) =>
    transport.request({
      ...getRequest,
      path,
      signal,
      ...(onSocket === undefined ? {} : { onSocket }),
    })
  try {
    onStep('connect')
    const ping = await readPing(await get('/_ping', (socket) => watchConnecting(socket, onStep)))
    onStep('version')
    return await askRest(get, ping, options)
  } finally {
    await transport.close()
  }
}

export interface AskOptions {
  readonly signal: AbortSignal | undefined
  /** For one connection, in milliseconds; the signal ends all. */
  readonly timeoutMs: number
  /** The products that are served. */
  readonly accepts: readonly AcceptedEngine[]
  /** From the environment: nothing is negotiated. */
  readonly pinned: string | undefined
  readonly onStep: (step: ProbeStep) => void
}

export interface EngineFindings {
  readonly api: ApiVersions
  readonly product: AcceptedEngine
  readonly info: InfoAnswer
}

type Get = (path: string, onSocket?: (socket: Socket) => void) => Promise<IncomingMessage>

/** Of the answer to a ping. */
interface PingFacts {
  readonly newest: string
  readonly server: string
}

async function askRest(
  get: Get,
  { newest, server }: PingFacts,
  { accepts, pinned }: Pick<AskOptions, 'accepts' | 'pinned'>,
): Promise<EngineFindings> {
  const spoken = pinned ?? negotiateApiVersion(newest)
  const known = findByServer(accepts, server)
  const [info, version] = await Promise.all([askInfo(get, spoken), known === undefined ? askVersion(get) : undefined])
  const oldest = version?.MinAPIVersion ?? info.refused?.oldest
  const api = {
    version: spoken,
    newest,
    oldest: isApiVersion(oldest) ? oldest : undefined,
    pinned: pinned !== undefined,
  }
  const components = version?.Components?.map(({ Name = '' }) => Name) ?? []
  return { api, product: known ?? findByComponents(accepts, { server, components }), info: info.answer }
}

/** An engine that does not take our version says so: what it takes is then known, and the rest is not needed. */
async function askInfo(get: Get, spoken: string): Promise<InfoFindings> {
  try {
    return { answer: await readObject<InfoAnswer>(await get(`/v${spoken}/info`)) }
  } catch (error) {
    if (!isVersionRefusal(error)) throw error
    const { MinAPIVersion: oldest } = await askVersion(get)
    if (!isApiVersion(oldest) || compareApiVersions(oldest, spoken) <= 0) throw error
    return { answer: {}, refused: { oldest } }
  }
}

interface InfoFindings {
  readonly answer: InfoAnswer
  readonly refused?: { readonly oldest: string }
}

/** Without a prefix: it is asked by who does not know yet which version the engine takes. */
async function askVersion(get: Get): Promise<VersionAnswer> {
  return readObject<VersionAnswer>(await get('/version'))
}

/** Tells how far the first connection comes: an address that drops packets, a handshake, an engine that is silent. */
function watchConnecting(socket: Socket, onStep: (step: ProbeStep) => void): void {
  socket.once('connect', () => onStep(socket instanceof TLSSocket ? 'tls' : 'ping'))
  socket.once('secureConnect', () => onStep('ping'))
}

async function readPing(response: IncomingMessage): Promise<PingFacts> {
  const body = await readBody(response)
  const newest = readHeader(response.headers, 'api-version')
  if (isApiVersion(newest)) return { newest, server: readHeader(response.headers, 'server') }
  throw new AnswerFormatError('the answer to the ping names no API version', body)
}

function readHeader(headers: IncomingHttpHeaders, name: string): string {
  return headers[name]?.toString() ?? ''
}

/** `T` is what the engine documents, each field optional. */
async function readObject<T extends object>(response: IncomingMessage): Promise<T> {
  const text = await readBody(response)
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new AnswerFormatError('the answer is no object', text)
  return value as T // a field of another type than documented is no engine's
}

const getRequest = { method: 'GET', headers: {}, body: undefined, pooled: true, repeatable: false }
