import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
  type OutgoingHttpHeaders,
  type Settings,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { GrpcTransportOptions } from '@connectrpc/connect-node'
import { type SilenceTimes, SilenceWatch } from './silence-watch.js'
import { WatchedStream } from './watched-stream.js'

/**
 * One HTTP/2 connection over an existing stream. It never reconnects.
 *
 * The session manager of the library reconnects, and loops forever when a connection ends before its first request.
 */
export class StreamSessionManager implements SessionManager {
  readonly authority: string
  /** Resolves when the connection has ended. */
  readonly ended: Promise<SessionEnd>
  readonly #session: ClientHttp2Session
  readonly #silence: SilenceWatch

  constructor(stream: Duplex, authority: string, times?: SilenceTimes) {
    this.authority = authority
    const watched = new WatchedStream(stream, () => this.#endUnreadable())
    this.#session = connect(authority, { createConnection: () => watched, settings })
    // Pending calls keep the Node process alive. An idle connection must not.
    this.#session.unref()
    this.#silence = new SilenceWatch(this.#session, times)
    this.ended = watch(this.#session, watched)
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: ClientSessionRequestOptions,
  ): Promise<ClientHttp2Stream> {
    const call = this.#session.request({ ...headers, ':method': method, ':path': path }, options)
    this.#session.ref()
    this.#silence.begin()
    call.once('close', () => {
      this.#silence.end()
      if (this.#silence.isIdle) this.#session.unref()
    })
    return call
  }

  notifyResponseByteRead(): void {
    this.#silence.noteData()
  }

  /** Whether the connection has ended or is about to end. Requests are not answered any more. */
  get isClosed(): boolean {
    return this.#session.destroyed || this.#session.closed
  }

  close(): void {
    this.#session.destroy()
  }

  /** A session that is closed sends a GOAWAY frame, too. One that reports its error does so at once. */
  #endUnreadable(): void {
    setImmediate(() => {
      if (!this.isClosed) this.#session.destroy(new UnreadableDataError())
    })
  }
}

type SessionManager = NonNullable<GrpcTransportOptions['sessionManager']>

/** How a connection ended. */
export interface SessionEnd {
  /** The error of the stream or of the session. */
  readonly error: Error | undefined
  /** Whether the peer has sent something that Node cannot read. */
  readonly isUnreadable: boolean
  /** False if the peer has sent nothing that is HTTP/2. */
  readonly isHttp2: boolean
  /** The first chunk received, at most 500 bytes. */
  readonly excerpt: string
}

/** The error of a connection whose peer has sent something that Node cannot read. */
class UnreadableDataError extends Error {
  constructor() {
    super('the peer sent headers of more than 64 KiB, or data that is not HTTP/2')
  }
}

function watch(session: ClientHttp2Session, stream: WatchedStream): Promise<SessionEnd> {
  let error: Error | undefined
  stream.on('error', (reason) => {
    error ??= reason
  })
  session.on('error', (reason) => {
    error ??= reason
  })
  let hasSettings = false
  session.once('remoteSettings', () => {
    hasSettings = true
  })
  // Node up to 20.19 keeps the session open after its stream has ended. The session may still read buffered data first.
  stream.once('end', () => {
    const timer = setTimeout(() => session.destroy(), afterEndMs)
    session.once('close', () => clearTimeout(timer))
  })
  return new Promise((resolve) => {
    session.once('close', () => {
      stream.destroy()
      // Node 20 reports no error for such data, so the connection was ended with one. Later versions report their own.
      const isUnreadable =
        error instanceof UnreadableDataError ||
        // A stream that is destroyed with the reason of a signal may fail with a value that is no object.
        (typeof error === 'object' && 'code' in error && error.code === 'ERR_HTTP2_ERROR')
      resolve({ error, isUnreadable, isHttp2: hasSettings || !isUnreadable, excerpt: stream.excerpt })
    })
  })
}

const afterEndMs = 100

/**
 * Node cannot read a header above 64 KiB. A gRPC server then ends the call with an error. The window is for outputs of builds,
 * which arrive faster than by the default of 64 KiB.
 */
const settings: Settings = { maxHeaderListSize: 65_535, initialWindowSize: 1024 * 1024 }
