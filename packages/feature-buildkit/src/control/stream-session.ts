import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { GrpcTransportOptions } from '@connectrpc/connect-node'

/**
 * One HTTP/2 connection over a stream that is there already, and none after it.
 *
 * The library's own manager connects again, and spins for ever where a connection ends before its first request.
 */
export class StreamSession implements SessionManager {
  readonly authority: string
  /** Resolves when the connection is over, with what is known of its end. */
  readonly ended: Promise<SessionEnd>
  readonly #session: ClientHttp2Session

  constructor(stream: Duplex, authority: string) {
    this.authority = authority
    this.#session = connect(authority, { createConnection: () => stream })
    // Whoever waits for an answer keeps the process alive; the connection does not.
    this.#session.unref()
    this.ended = watch(this.#session, stream)
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: ClientSessionRequestOptions,
  ): Promise<ClientHttp2Stream> {
    return this.#session.request({ ...headers, ':method': method, ':path': path }, options)
  }

  /** Nothing is to be done: no ping is sent, since the end of the stream tells of a peer that is gone. */
  notifyResponseByteRead(): void {}

  /** Whether it has ended, or ends: nothing that is asked now is answered. */
  get isOver(): boolean {
    return this.#session.destroyed || this.#session.closed
  }

  close(): void {
    this.#session.destroy()
  }
}

type SessionManager = NonNullable<GrpcTransportOptions['sessionManager']>

export interface SessionEnd {
  /** Of the stream, or of what was read from it. */
  readonly error: Error | undefined
  /** Whether what was read is HTTP/2. */
  readonly understood: boolean
  /** What the peer said first, at most 500 bytes. */
  readonly excerpt: string
}

function watch(session: ClientHttp2Session, stream: Duplex): Promise<SessionEnd> {
  let error: Error | undefined
  let excerpt = ''
  stream.once('data', (chunk: Buffer) => {
    excerpt = chunk.subarray(0, 500).toString('latin1')
  })
  stream.on('error', (reason) => {
    error ??= reason
  })
  session.on('error', (reason) => {
    error ??= reason
  })
  // Node up to 20.19 leaves a session open whose stream has ended. What came before the end is read by then.
  stream.once('end', () => {
    const timer = setTimeout(() => session.destroy(), afterEndMs)
    session.once('close', () => clearTimeout(timer))
  })
  return new Promise((resolve) => {
    session.once('close', () => {
      stream.destroy()
      const understood = !(error !== undefined && 'code' in error && error.code === 'ERR_HTTP2_ERROR')
      resolve({ error, understood, excerpt })
    })
  })
}

const afterEndMs = 100
