import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { GrpcFrameReader, toGrpcPrefix } from '../control/grpc-frames.js'
import { BytesMessageSchema } from '../generated/control_pb.js'

/** One call of the peer. */
export interface GrpcCall {
  /** Aborts when the peer cancels the call, and when the connection ends. */
  readonly signal: AbortSignal
  /** The encoded messages of the peer, until it ends its side. */
  readonly messages: AsyncIterable<Buffer>
  /** Returns the values of a header, one for each field. */
  header(name: string): readonly string[]
  /** Sends one encoded message, in parts that are not copied. Resolves when it is written, and the parts may change. */
  send(...parts: readonly Uint8Array[]): Promise<void>
  /** Sends several encoded messages in one write, for many small ones. */
  sendAll(messages: readonly Uint8Array[]): Promise<void>
}

/** Answers a call. The status is OK when the promise resolves, and that of a ConnectError when it rejects. */
export type GrpcHandler = (call: GrpcCall) => Promise<void>

/**
 * Serves gRPC over HTTP/2 on one stream. `handlers` are by the path of their method. Other methods are UNIMPLEMENTED.
 *
 * The server of the library is not used: it joins the values of repeated headers by commas, and copies every message.
 */
export class GrpcServer {
  /** Resolves when the connection has ended, with its error, if any. */
  readonly ended: Promise<Error | undefined>
  readonly #session: ServerHttp2Session
  readonly #handlers: ReadonlyMap<string, GrpcHandler>

  constructor(stream: Duplex, handlers: ReadonlyMap<string, GrpcHandler>) {
    this.#handlers = handlers
    this.#session = performServerHandshake(stream, { settings: { initialWindowSize: windowBytes } })
    this.#session.on(
      'stream',
      (call: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
        this.#serve(call, headers, raw)
      },
    )
    let error: Error | undefined
    const note = (reason: Error) => {
      error ??= reason
    }
    this.#session.on('error', note)
    stream.on('error', note)
    this.ended = new Promise((resolve) => this.#session.once('close', () => resolve(error)))
    stream.once('close', () => this.#session.destroy())
  }

  /** Ends the connection and all calls. */
  close(): void {
    this.#session.destroy()
  }

  async #serve(
    call: ServerHttp2Stream,
    { ':path': path = '' }: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): Promise<void> {
    const canceling = new AbortController()
    call.on('close', () => canceling.abort(createCanceledError()))
    call.on('error', () => {}) // the peer canceled the call, or the connection ended
    if (call.destroyed || call.closed) return // the peer canceled it in the same chunk
    const handler = this.#handlers.get(path)
    call.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    let status: ConnectError | undefined
    call.once('wantTrailers', () => call.sendTrailers(toTrailers(status)))
    try {
      if (handler === undefined) throw new ConnectError(`${path} is not provided`, Code.Unimplemented)
      await handler(new Http2Call(call, rawHeaders, canceling.signal))
    } catch (error) {
      status = ConnectError.from(error)
    }
    call.end()
    call.resume() // a call with unread messages would never be closed
  }
}

/** Creates the handler of a method with one request and one response. */
export function createUnaryHandler<I extends DescMessage, O extends DescMessage>(
  { input, output }: DescMethodUnary<I, O>,
  answer: (request: MessageShape<I>, call: GrpcCall) => Promise<MessageInitShape<O>> | MessageInitShape<O>,
): GrpcHandler {
  return async (call) => {
    for await (const message of call.messages) {
      const response = await answer(fromBinary(input, message), call)
      return call.send(toBinary(output, create(output, response)))
    }
    throw new ConnectError('no request', Code.InvalidArgument)
  }
}

/** Reads the bytes of a stream of `BytesMessage`, which is the same message in each service. */
export async function* readBytesMessages(messages: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const message of messages) yield fromBinary(BytesMessageSchema, message).data
}

/** A method of a generated service. */
export interface GrpcMethod {
  readonly parent: { readonly typeName: string }
  readonly name: string
}

/** Returns the path of a method, as it is in requests. */
export function toMethodPath({ parent, name }: GrpcMethod): string {
  return `/${parent.typeName}/${name}`
}

class Http2Call implements GrpcCall {
  readonly signal: AbortSignal
  readonly #stream: ServerHttp2Stream
  readonly #rawHeaders: readonly string[]

  constructor(stream: ServerHttp2Stream, rawHeaders: readonly string[], signal: AbortSignal) {
    this.#stream = stream
    this.#rawHeaders = rawHeaders
    this.signal = signal
  }

  get messages(): AsyncIterable<Buffer> {
    return readMessages(this.#stream)
  }

  header(name: string): readonly string[] {
    return this.#rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1] === name)
  }

  async send(...parts: readonly Uint8Array[]): Promise<void> {
    await this.#write([toGrpcPrefix(parts.reduce((sum, { length }) => sum + length, 0)), ...parts])
  }

  async sendAll(messages: readonly Uint8Array[]): Promise<void> {
    await this.#write([Buffer.concat(messages.flatMap((message) => [toGrpcPrefix(message.length), message]))])
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    const stream = this.#stream
    if (stream.destroyed) throw createCanceledError()
    stream.cork()
    for (const part of parts.slice(0, -1)) stream.write(part)
    const written = new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null) => (error ? reject(createCanceledError()) : resolve())
      stream.write(parts.at(-1) ?? Buffer.alloc(0), settle)
    })
    stream.uncork()
    await written
  }
}

function createCanceledError(): ConnectError {
  return new ConnectError('the call was canceled', Code.Canceled)
}

async function* readMessages(stream: ServerHttp2Stream): AsyncIterable<Buffer> {
  const frames = new GrpcFrameReader()
  const chunks = stream.iterator({ destroyOnReturn: false })
  for (;;) {
    const { value, done } = await chunks.next().catch(() => Promise.reject(createCanceledError()))
    if (done) return
    yield* frames.push(value)
  }
}

function toTrailers(status: ConnectError | undefined): Record<string, string> {
  if (status === undefined) return { 'grpc-status': '0' }
  return { 'grpc-status': String(status.code), 'grpc-message': encodeURIComponent(status.rawMessage) }
}

/** Outputs of builds arrive faster than by the default of 64 KiB. */
const windowBytes = 1024 * 1024
