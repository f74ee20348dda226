import type { ClientHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'
import { fromBinary } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { BytesMessageSchema } from '../generated/control_pb.js'
import { GrpcFrameReader, toBytesMessagePrefix } from './grpc-frames.js'

/**
 * The bytes of a `Control/Session` call, which carry the connection on which the daemon calls the client.
 *
 * It fails with a ConnectError when the daemon ends the call with an error. Destroying it cancels the call.
 */
export class SessionStream extends Duplex {
  readonly #call: ClientHttp2Stream
  readonly #frames = new GrpcFrameReader()
  #unsentBytes = 0

  constructor(call: ClientHttp2Stream) {
    super({ allowHalfOpen: false })
    this.#call = call
    let status: Error | undefined
    const readStatus = (headers: Headers) => {
      status ??= findError(headers)
    }
    call.on('response', readStatus)
    call.on('trailers', readStatus)
    call.on('data', (chunk: Buffer) => this.#receive(chunk))
    call.on('error', (error) => this.destroy(error))
    call.on('end', () => (status === undefined ? this.push(null) : this.destroy(status)))
    call.on('close', () => this.destroy(status))
  }

  override _read(): void {
    this.#call.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([chunk], done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  override _final(done: Done): void {
    this.#call.end()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#call.closed) this.#call.close(cancel)
    done(error)
  }

  /**
   * Sends the chunks as one message, or as several if they are too large for one. The next chunks are accepted while these are
   * sent, up to a limit.
   */
  #send(chunks: readonly Buffer[], done: Done): void {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (length > maxMessageBytes && chunks.length > 1) {
      const half = Math.ceil(chunks.length / 2)
      this.#send(chunks.slice(0, half), () => {})
      this.#send(chunks.slice(half), done)
      return
    }
    // One write for each message: a write for each chunk, of which HTTP/2 has two for 16 KiB, takes longer than the copy.
    const message = Buffer.concat([toBytesMessagePrefix(length), ...chunks])
    this.#unsentBytes += message.length
    const isAccepted = this.#unsentBytes <= maxUnsentBytes
    this.#call.write(message, (error) => {
      this.#unsentBytes -= message.length
      if (!isAccepted) done(error)
    })
    if (isAccepted) done()
  }

  #receive(chunk: Buffer): void {
    try {
      const messages = this.#frames.push(chunk)
      const mayContinue = messages.map((message) => this.push(fromBinary(BytesMessageSchema, message).data))
      if (mayContinue.includes(false)) this.#call.pause()
    } catch (cause) {
      this.destroy(new ConnectError('an invalid message', Code.Internal, undefined, undefined, cause))
    }
  }
}

type Done = (error?: Error | null) => void

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Returns the error of a status that is not OK: https://grpc.io/docs/guides/status-codes/ */
function findError(headers: Headers): Error | undefined {
  const status = headers['grpc-status']
  if (status === undefined || status === '0') return undefined
  const text = String(headers['grpc-message'] ?? '')
  return new ConnectError(decodeText(text), Number(status))
}

/** Status messages are percent-encoded. Invalid encodings are returned as they are. */
function decodeText(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** gRPC servers accept 4 MiB by default. */
const maxMessageBytes = 1024 * 1024
const maxUnsentBytes = 1024 * 1024
/** The error code CANCEL of HTTP/2. */
const cancel = 0x8
