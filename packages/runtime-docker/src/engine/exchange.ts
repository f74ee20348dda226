import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, pipeline, Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { createHostError, type Deadline, startDeadline } from '@capstan/core/plugin'

/** The result of a request: an answer, or an upgraded connection. */
export type Exchange =
  | { readonly response: IncomingMessage; readonly socket?: undefined; readonly upgraded?: undefined }
  | {
      readonly response?: undefined
      readonly socket: Duplex
      readonly upgraded: { readonly response: IncomingMessage; readonly head: Buffer }
    }

/** The result on a keep-alive connection that had ended before the request was answered. */
export interface StaleConnection {
  readonly staleError: Error
}

/**
 * Sends one request and resolves at the headers of its answer. The signal also ends the reading of the body.
 *
 * Rejects with Node's error, or with TIMED_OUT of the operation `connecting` when the connection is not made within
 * `connectMs`; `toHostError` sets the operation. Resolves with a {@link StaleConnection} when a keep-alive connection
 * had ended.
 */
export function exchange(
  open: () => ClientRequest,
  { body, signal, connectMs, onSocket }: ExchangeOptions,
): Promise<Exchange | StaleConnection> {
  return new Promise((resolve, reject) => {
    const request = open()
    const cancelLimit = limitConnecting(request, connectMs)
    if (onSocket !== undefined) request.once('socket', onSocket)
    request.once('socket', keepAlive)
    destroyOnAbort(request, signal)
    request.on('error', (error) => {
      if (request.reusedSocket && isReset(error)) resolve({ staleError: error })
      else reject(error)
    })
    request.on('close', () => {
      cancelLimit()
      reject(new Error('the connection was closed without an answer'))
    })
    request.on('response', (response) => {
      guardStream(response, signal)
      resolve({ response })
    })
    request.on('upgrade', (response, socket, head) => {
      guardStream(socket, signal)
      resolve({ socket, upgraded: { response, head } })
    })
    sendBody(request, body)
  })
}

/** Opens a connection and sends nothing. Rejects as {@link exchange} does. */
export function openSocket(
  open: () => Socket,
  { signal, connectMs }: Pick<ExchangeOptions, 'signal' | 'connectMs'>,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = open()
    keepAlive(socket)
    const deadline = startDeadline(connectMs, () => socket.destroy(toConnectTimeout(connectMs)))
    guardStream(socket, signal)
    socket.on('error', reject)
    socket.on('close', () => {
      deadline.clear()
      reject(new Error('the connection was closed before it was open'))
    })
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      deadline.clear()
      resolve(socket)
    })
  })
}

export interface ExchangeOptions {
  readonly body: Buffer | Readable | undefined
  readonly signal: AbortSignal | undefined
  /** The limit for connecting. */
  readonly connectMs: number
  /** Called with each new socket before it is connected. */
  readonly onSocket?: ((socket: Socket) => void) | undefined
}

/**
 * Lets the kernel probe an idle TCP connection, so that one whose other side has vanished without a notice ends, also without any
 * traffic. A socket of TLS does not take this from its options.
 */
function keepAlive(socket: Socket): void {
  socket.setKeepAlive(true, keepAliveMs)
}

/** Destroys a stream on abort. Its reader gets the errors; without a reader they must not end the process. */
function guardStream(stream: IncomingMessage | Duplex, signal: AbortSignal | undefined): void {
  stream.on('error', () => {})
  destroyOnAbort(stream, signal)
}

function destroyOnAbort(part: ClientRequest | IncomingMessage | Duplex, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  const destroy = () => part.destroy(toError(signal.reason))
  if (signal.aborted) return void destroy()
  signal.addEventListener('abort', destroy, { once: true })
  part.once('close', () => signal.removeEventListener('abort', destroy))
}

/**
 * Limits the time for connecting, since an address that drops packets never answers. Returns a function that cancels
 * the limit.
 */
function limitConnecting(request: ClientRequest, connectMs: number): () => void {
  let deadline: Deadline | undefined
  const stop = () => deadline?.clear()
  request.once('socket', (socket) => {
    if (!socket.connecting) return
    deadline = startDeadline(connectMs, () => request.destroy(toConnectTimeout(connectMs)))
    socket.once('connect', stop)
    socket.once('close', stop)
  })
  return stop
}

function sendBody(request: ClientRequest, body: Buffer | Readable | undefined): void {
  if (!(body instanceof Readable)) return void request.end(body)
  pipeline(body, request, (error) => {
    // An engine may answer without reading the whole body. An error of the source fails the request.
    if (error && !request.destroyed) request.destroy(error)
  })
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

/** Converts a reason to an Error, since `destroy` takes only errors. The caller gets the reason from its signal. */
export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}

/** The error for a connection that is not made in time. `toHostError` adds the operation. */
export function toConnectTimeout(timeoutMs: number): Error {
  const facts = { operation: 'connecting', phase: undefined, timeoutMs, lastLines: [], option: 'timeouts.connectMs' }
  return createHostError('TIMED_OUT', facts)
}

/** As docker's client does; the default of Linux is two hours. */
const keepAliveMs = 30_000
