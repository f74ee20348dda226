import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent, type IncomingMessage, request as openHttp, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as openHttps } from 'node:https'
import { connect as openPlain, type Socket } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { connect as openTls } from 'node:tls'
import { delay } from '@capstan/core/plugin'
import { AnswerFormatError } from './answer-format-error.js'
import type { DirectAddress, DockerEndpoint, EndpointTls } from './docker-endpoint.js'
import type { RequestHeaders, UpgradedConnection } from './docker-engine.js'
import { type DockerTimeouts, defaultTimeouts } from './docker-timeouts.js'
import { EngineAnswerError, readAnswerText } from './engine-answer-error.js'
import { type Exchange, exchange, openSocket, type StaleConnection, toConnectTimeout } from './exchange.js'
import { HijackedResponse } from './hijacked-response.js'
import { OnDemandEngine } from './on-demand-engine.js'
import { readBody } from './read-body.js'
import { tolerateReset } from './tolerate-reset.js'

/**
 * Sends HTTP requests to one endpoint, with unchanged paths. Rejects with the errors of Node and of the engine, and with
 * TIMED_OUT when the connection takes longer than `connectMs`.
 *
 * Short requests use a connection pool. Streams and upgraded connections have separate sockets.
 */
export class HttpTransport {
  readonly #connection: DirectAddress | OnDemandEngine
  readonly #connectMs: number
  #agent: HttpAgent | undefined
  #tls: { readonly files: Promise<TlsMaterial>; readonly readAt: number } | undefined

  constructor({ address }: DockerEndpoint, { connectMs }: Pick<DockerTimeouts, 'connectMs'> = defaultTimeouts) {
    this.#connectMs = connectMs
    this.#connection = address.type === 'service' ? new OnDemandEngine(address) : address
  }

  /** Resolves at the headers of an answer with a status below 400, and rejects with {@link EngineAnswerError} otherwise. */
  async request(request: TransportRequest): Promise<IncomingMessage> {
    const { response, socket } = await this.#exchange(request)
    if (response === undefined) {
      socket?.destroy()
      throw new AnswerFormatError('the engine upgraded a connection without a request to do so')
    }
    await throwForErrorStatus(request, response)
    return response
  }

  /** Hijacks the connection. Rejects with {@link EngineAnswerError} when the engine refuses. */
  async upgrade(request: TransportRequest): Promise<UpgradedConnection> {
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', ...request.headers }
    const { response, upgraded, socket } = await this.#exchange({ ...request, headers, pooled: false })
    if (response !== undefined) return toHijackedConnection(request, response)
    if (socket === undefined || upgraded === undefined) throw new AnswerFormatError('the upgrade gave no connection')
    return { socket: tolerateReset(socket), head: upgraded.head }
  }

  /** Opens a connection without a request, over TLS with HTTP/2 as its protocol. */
  async connect({ signal }: Pick<TransportRequest, 'signal'>): Promise<Duplex> {
    const address = await this.findAddress(signal)
    const at = address.type === 'tcp' ? { host: address.host, port: address.port } : address
    const tls = address.type === 'tcp' && address.tls && (await this.#readTls(address.tls))
    signal?.throwIfAborted()
    const open = () => (tls ? openTls({ ...at, ...tls, ALPNProtocols: ['h2'] }) : openPlain(at))
    const limits = { signal, connectMs: this.#connectMs, body: undefined }
    return untilAccepted(() => openSocket(open, limits), limits)
  }

  /** Resolves with the address of the engine, which is started if it is an engine on demand. */
  async findAddress(signal: AbortSignal | undefined): Promise<DirectAddress> {
    const connection = this.#connection
    return connection instanceof OnDemandEngine ? await connection.connect(signal) : connection
  }

  /** Closes the pool and stops an engine that was started on demand. Requests in progress end by their own signals. */
  async close(): Promise<void> {
    this.#agent?.destroy()
    if (this.#connection instanceof OnDemandEngine) await this.#connection.close()
  }

  async #exchange(request: TransportRequest) {
    const connection = this.#connection
    if (!(connection instanceof OnDemandEngine)) return this.#exchangeAt(connection, request)
    const address = await connection.connect(request.signal)
    try {
      return await this.#exchangeAt(address, request)
    } catch (error) {
      if (!isNotListening(error)) throw error
      await connection.forget(address)
      // A request without a stream can be repeated, since nothing was sent. A stream may have been read in part.
      if (request.body instanceof Readable) throw error
      return this.#exchangeAt(await connection.connect(request.signal), request)
    }
  }

  async #exchangeAt(address: DirectAddress, request: TransportRequest) {
    const options = await this.#toOptions(address, request)
    request.signal?.throwIfAborted()
    const open = isTls(address) ? openHttps : openHttp
    const limited = { ...request, connectMs: this.#connectMs }
    return repeatIfStale(() => untilAccepted(() => exchange(() => open(options), limited), limited), request)
  }

  async #toOptions(
    address: DirectAddress,
    { method, path, headers, pooled }: TransportRequest,
  ): Promise<RequestOptions> {
    const common = {
      method,
      path,
      headers: { Host: 'docker', ...headers },
      agent: pooled ? this.#pool(address) : false,
    } as const
    if (address.type !== 'tcp') return { ...common, socketPath: address.path }
    const { host, port, tls } = address
    const name = host.includes(':') ? `[${host}]` : host
    const options = { ...common, host, port, headers: { ...headers, Host: `${name}:${port}` } }
    return tls === undefined ? options : { ...options, ...(await this.#readTls(tls)) }
  }

  /** Reads the TLS files, and again after a while, because certificates are renewed while a runtime is open. */
  #readTls(tls: EndpointTls): Promise<TlsMaterial> {
    const now = performance.now()
    if (this.#tls === undefined || now - this.#tls.readAt > tlsFilesMs) {
      const files = readTlsFiles(tls).catch((error: unknown) => {
        this.#tls = undefined
        throw error
      })
      this.#tls = { files, readAt: now }
    }
    return this.#tls.files
  }

  #pool(address: DirectAddress): HttpAgent {
    this.#agent ??= new (isTls(address) ? HttpsAgent : HttpAgent)({ keepAlive: true, maxFreeSockets: 8 })
    return this.#agent
  }
}

function isTls(address: DirectAddress): boolean {
  return address.type === 'tcp' && address.tls !== undefined
}

/** The TLS options of `node:tls`. */
interface TlsMaterial {
  readonly rejectUnauthorized: boolean
  readonly ca: Buffer | undefined
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
}

/** Reads the certificates and the key. Rejects with the error of the file system. */
async function readTlsFiles({ verify, caFile, certFile, keyFile }: EndpointTls): Promise<TlsMaterial> {
  const read = async (file: string | undefined) => (file === undefined ? undefined : readFile(file))
  const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)])
  return { rejectUnauthorized: verify, ca, cert, key }
}

/** Whether nothing listens at the address. */
function isNotListening(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
}

export interface TransportRequest {
  readonly method: string
  /** The path with version prefix and query. */
  readonly path: string
  readonly headers: RequestHeaders
  readonly body: Buffer | Readable | undefined
  readonly pooled: boolean
  /** Whether the request may be repeated when a keep-alive connection had ended. */
  readonly repeatable: boolean
  readonly signal: AbortSignal | undefined
  /** Called with each new socket before it is connected. */
  readonly onSocket?: ((socket: Socket) => void) | undefined
}

/**
 * Connects again while the backlog of a Unix socket is full (EAGAIN), because the engine is busy. Nothing was sent by
 * then. A request with a stream in the body is not repeated. https://man7.org/linux/man-pages/man2/connect.2.html
 * (EAGAIN)
 */
async function untilAccepted<T>(
  attempt: () => Promise<T>,
  { body, signal, connectMs }: Pick<TransportRequest, 'body' | 'signal'> & Pick<DockerTimeouts, 'connectMs'>,
): Promise<T> {
  const end = performance.now() + connectMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
      if (!isBusy || body instanceof Readable || signal?.aborted) throw error
      if (performance.now() > end) throw toConnectTimeout(connectMs)
      await delay(betweenConnectsMs, { signal })
    }
  }
}

/** Repeats a repeatable request once when its keep-alive connection had ended, as after a restart of the engine. */
async function repeatIfStale(
  attempt: () => Promise<Exchange | StaleConnection>,
  { repeatable, body, signal }: TransportRequest,
): Promise<Exchange> {
  const first = await attempt()
  if (!('staleError' in first)) return first
  if (!repeatable || body instanceof Readable || signal?.aborted) throw first.staleError
  const second = await attempt()
  if ('staleError' in second) throw second.staleError
  return second
}

async function throwForErrorStatus({ method, path }: TransportRequest, response: IncomingMessage): Promise<void> {
  const status = response.statusCode ?? 0
  if (status < 400) return
  const text = readAnswerText(await readBody(response, refusalBytes))
  throw new EngineAnswerError({ status, method, path, text, headers: response.headers })
}

/** Hijacks the connection of an answer with 200. Some engines and proxies send 200 instead of 101. */
async function toHijackedConnection(request: TransportRequest, response: IncomingMessage): Promise<UpgradedConnection> {
  await throwForErrorStatus(request, response)
  const { headers } = response
  if (response.statusCode !== 200 || headers['content-length'] !== undefined) {
    response.destroy()
    throw new AnswerFormatError(`the upgrade was answered with status ${response.statusCode}`)
  }
  const socket = tolerateReset(response.socket as Socket) // an HTTP response has a socket here
  return { socket: new HijackedResponse(response, socket), head: Buffer.alloc(0) }
}

const refusalBytes = 1024 * 1024
const betweenConnectsMs = 50
const tlsFilesMs = 1000
