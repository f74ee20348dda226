import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ProbeStep } from '@capstan/core/plugin'
import { AnswerFormatError } from '../engine/answer-format-error.js'
import { compareVersions, isApiVersion, negotiateApiVersion } from '../engine/api-version.js'
import type { ApiVersions } from '../engine/docker-details.js'
import type { DockerEndpoint } from '../engine/docker-endpoint.js'
import { isVersionRefusal } from '../engine/docker-error-texts.js'
import type { InfoAnswer, VersionAnswer } from '../engine/engine-facts.js'
import { type EngineProduct, findByComponents, findByServer } from '../engine/engine-product.js'
import { HttpTransport } from '../engine/http-transport.js'
import { readBody } from '../engine/read-body.js'

/**
 * Identifies an engine: the ping has product and API version, `/info` the other facts. Sends only read requests, and
 * closes its connections and stops an on-demand engine. `onStep` is called at each step.
 *
 * `/version` is requested only when the other answers are not sufficient, because it takes as long as all other
 * requests together.
 */
export async function askEngine(endpoint: DockerEndpoint, options: AskOptions): Promise<EngineFindings> {
  const { signal, timeoutMs: connectMs, onStep } = options
  const transport = new HttpTransport(endpoint, { connectMs })
  const get: Get = (path, onSocket) => transport.request({ ...getRequest, path, signal, onSocket })
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
  /** The limit for one connection, in milliseconds. The signal ends all requests. */
  readonly timeoutMs: number
  /** The supported products. */
  readonly accepts: readonly EngineProduct[]
  /** The API version from the environment, which replaces negotiation. */
  readonly pinned: string | undefined
  readonly onStep: (step: ProbeStep) => void
}

export interface EngineFindings {
  readonly api: ApiVersions
  readonly product: EngineProduct
  readonly info: InfoAnswer
}

type Get = (path: string, onSocket?: (socket: Socket) => void) => Promise<IncomingMessage>

/** The fields of the answer to a ping. */
interface PingFacts {
  readonly newest: string
  readonly server: string
}

async function askRest(
  get: Get,
  { newest, server }: PingFacts,
  { accepts, pinned }: Pick<AskOptions, 'accepts' | 'pinned'>,
): Promise<EngineFindings> {
  const apiVersion = pinned ?? negotiateApiVersion(newest)
  const byHeader = findByServer(accepts, server)
  const [info, version] = await Promise.all([
    askInfo(get, apiVersion),
    byHeader === undefined ? askVersion(get) : undefined,
  ])
  const oldest = version?.MinAPIVersion ?? info.oldest
  const api = {
    version: apiVersion,
    newest,
    oldest: isApiVersion(oldest) ? oldest : undefined,
    pinned: pinned !== undefined,
  }
  const components = version?.Components?.map(({ Name = '' }) => Name) ?? []
  return { api, product: byHeader ?? findByComponents(accepts, { server, components }), info: info.answer }
}

/**
 * Requests `/info`. When the engine refuses the version as too old, resolves with the engine's oldest version from
 * `/version` and without facts, so that `checkApiRange` reports both ranges.
 */
async function askInfo(get: Get, apiVersion: string) {
  try {
    return { answer: await readObject<InfoAnswer>(await get(`/v${apiVersion}/info`)), oldest: undefined }
  } catch (error) {
    if (!isVersionRefusal(error)) throw error
    const { MinAPIVersion: oldest } = await askVersion(get)
    if (!isApiVersion(oldest) || compareVersions(oldest, apiVersion) <= 0) throw error
    return { answer: {}, oldest }
  }
}

/** Requests `/version`, without version prefix because the engine may refuse the version. */
async function askVersion(get: Get): Promise<VersionAnswer> {
  return readObject<VersionAnswer>(await get('/version'))
}

/** Reports the steps of the first connection, to distinguish a blocked address, a failed handshake and a silent engine. */
function watchConnecting(socket: Socket, onStep: (step: ProbeStep) => void): void {
  socket.once('connect', () => onStep(socket instanceof TLSSocket ? 'tls' : 'ping'))
  socket.once('secureConnect', () => onStep('ping'))
}

async function readPing(response: IncomingMessage): Promise<PingFacts> {
  const body = await readBody(response)
  const { 'api-version': newest, server = '' } = response.headers
  if (isApiVersion(newest)) return { newest, server: String(server) }
  throw new AnswerFormatError('the answer to the ping has no API version', body)
}

/** Reads a JSON object. `T` is the documented type with optional fields. */
async function readObject<T extends object>(response: IncomingMessage): Promise<T> {
  const text = await readBody(response)
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new AnswerFormatError('the answer is not an object', text)
  return value as T // engines keep the documented types
}

const getRequest = { method: 'GET', headers: {}, body: undefined, pooled: true, repeatable: false }
