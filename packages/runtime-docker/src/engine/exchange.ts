import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, pipeline, Readable } from 'node:stream'
import { createHostError, type Deadline, startDeadline } from '@capstan/core/plugin'

/** An answer, or the connection that the request was upgraded to. */
export type Exchange =
  | { readonly response: IncomingMessage; readonly socket?: undefined; readonly upgraded?: undefined }
  | {
      readonly response?: undefined
      readonly socket: Duplex
      readonly upgraded: { readonly response: IncomingMessage; readonly head: Buffer }
    }

/** A kept connection that had ended before anything was answered. */
export interface StaleConnection {
  readonly staleError: Error
}

/**
 * One request until the headers of its answer. The signal ends it at any time: also later, while what came is read.
 *
 * Rejects with the raw error, but resolves with a {@link StaleConnection} for a kept connection that had ended before.
 */
export function exchange(
  open: () => ClientRequest,
  { body, signal, connectMs, onSocket }: ExchangeOptions,
): Promise<Exchange | StaleConnection> {
  return new Promise((resolve, reject) => {
    const request = open()
    const stopClock = limitConnecting(request, connectMs)
    if (onSocket !== undefined) request.once('socket', onSocket)
    destroyOnAbort(request, signal)
    request.on('error', (error) => {
      if (request.reusedSocket && isReset(error)) resolve({ staleError: error })
      else reject(error)
    })
    request.on('close', () => {
      stopClock()
      reject(new Error('the connection was closed without an answer'))
    })
    request.on('response', (response) => {
      keep(response, signal)
      resolve({ response })
    })
    request.on('upgrade', (response, socket, head) => {
      keep(socket, signal)
      resolve({ socket, upgraded: { response, head } })
    })
    sendBody(request, body)
  })
}

export interface ExchangeOptions {
  readonly body: Buffer | Readable | undefined
  readonly signal: AbortSignal | undefined
  /** Limit for a TCP connection to be made. */
  readonly connectMs: number
  /** Sees the socket before it is connected, unless it was kept. */
  readonly onSocket?: (socket: Socket) => void
}

/** What outlives the request. Its errors are its reader's, but must not end the process where nobody reads yet. */
function keep(stream: IncomingMessage | Duplex, signal: AbortSignal | undefined): void {
  stream.on('error', () => {})
  destroyOnAbort(stream, signal)
}

function destroyOnAbort(part: Destroyable, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  const destroy = () => part.destroy(toError(signal.reason))
  if (signal.aborted) return void destroy()
  signal.addEventListener('abort', destroy, { once: true })
  part.once('close', () => signal.removeEventListener('abort', destroy))
}

interface Destroyable {
  destroy(error?: Error): unknown
  once(event: 'close', listener: () => void): unknown
}

/** Connecting has a limit of its own: an answer may take long where an address that drops packets never answers. */
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
    // An engine that has answered need not read the rest; what fails in the source fails the request.
    if (error && !request.destroyed) request.destroy(error)
  })
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

/** Streams are destroyed with errors alone; the caller gets the reason itself, from its signal. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}

/** See `toHostError`, which names the operation. */
export function toConnectTimeout(timeoutMs: number): Error {
  const facts = { operation: 'connecting', phase: undefined, timeoutMs, lastLines: [], option: 'timeouts.connectMs' }
  return createHostError('TIMED_OUT', facts)
}
