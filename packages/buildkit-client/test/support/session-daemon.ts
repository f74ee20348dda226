import { type ClientHttp2Stream, createServer, type ServerHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { Transport } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { GrpcFrameReader, toBytesMessagePrefix, toGrpcPrefix } from '../../src/control/grpc-frames.js'
import { StreamSessionManager } from '../../src/control/stream-session-manager.js'
import { BytesMessageSchema } from '../../src/generated/control_pb.js'
import { PacketSchema, type Stat } from '../../src/generated/fsutil_pb.js'
import { BuildKitClient, openSession, type SessionServices } from '../../src/index.js'
import { createStreamPair } from './stream-pair.js'

/** The daemon's side of one session, with the transport on which it calls the client. */
export interface SessionCaller {
  readonly transport: Transport
  readonly connection: StreamSessionManager
  /** The headers of the session, in order: names and values by turns. */
  readonly rawHeaders: readonly string[]
}

/** Opens a session over a connection in memory, and returns it with the daemon's side. */
export async function openTestSession(services: Partial<SessionServices>, options: { signal?: AbortSignal } = {}) {
  const [ours, theirs] = createStreamPair()
  const accepted = acceptSession(theirs)
  const client = new BuildKitClient(ours, { endpoint: 'BuildKit' })
  const session = await openSession(client, { sources: {}, ...services }, { sharedKey: 'key', ...options })
  return { client, session, caller: await accepted }
}

/** Serves `Control/Session` on a connection, and resolves with the first session. */
function acceptSession(stream: Duplex): Promise<SessionCaller> {
  const server = createServer()
  server.emit('connection', stream)
  return new Promise((resolve) => {
    server.on('stream', (call, _headers, _flags, rawHeaders: readonly string[] = []) => {
      call.respond({ ':status': 200, 'content-type': 'application/grpc' })
      const connection = new StreamSessionManager(new ServedSession(call), baseUrl)
      resolve({
        transport: createGrpcTransport({ baseUrl, sessionManager: connection }),
        connection,
        rawHeaders,
      })
    })
  })
}

/** The options of `receiveFiles`. */
export interface ReceiveOptions {
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Chooses the files whose bytes are requested. Default: all. */
  readonly wants?: (stat: Stat) => boolean
}

/** Receives the files of a source as BuildKit does. */
export async function receiveFiles({ connection }: SessionCaller, { headers, wants = () => true }: ReceiveOptions) {
  const call = await connection.request('POST', '/moby.filesync.v1.FileSync/DiffCopy', toFields(headers), {})
  const files = new Map<string, string>()
  const stats: Stat[] = []
  const blocks = new Map<number, Uint8Array[]>()
  let open = 0
  let isListed = false
  const send = (packet: MessageInitShape<typeof PacketSchema>) =>
    sendMessage(call, toBinary(PacketSchema, create(PacketSchema, packet)))
  const endWhenDone = () => isListed && open === 0 && send({ type: 3 })
  const status = readStatus(call)
  const frames = new GrpcFrameReader()
  for await (const chunk of call) {
    for (const message of frames.push(chunk)) {
      const { type, stat, ID, data } = fromBinary(PacketSchema, message)
      if (type === 0 && stat !== undefined) {
        const isFile = (stat.mode & 0x8f280000) === 0 && stat.linkname === ''
        if (isFile && wants(stat)) {
          open += 1
          blocks.set(stats.length, [])
          send({ type: 1, ID: stats.length })
        }
        stats.push(stat)
      } else if (type === 0) {
        isListed = true
        endWhenDone()
      } else if (type === 2 && data.length > 0) blocks.get(ID)?.push(data)
      else if (type === 2) {
        open -= 1
        files.set(stats[ID]?.path ?? '', Buffer.concat(blocks.get(ID) ?? []).toString())
        endWhenDone()
      } else if (type === 3) call.end()
      else if (type === 4) call.end()
    }
  }
  return { stats, files, status: await status }
}

function sendMessage(call: ClientHttp2Stream, message: Uint8Array): void {
  call.write(Buffer.concat([toGrpcPrefix(message.length), message]))
}

function readStatus(call: ClientHttp2Stream): Promise<{ readonly code: string; readonly message: string }> {
  return new Promise((resolve) => {
    call.once('trailers', (trailers) => {
      const message = decodeURIComponent(String(trailers['grpc-message'] ?? ''))
      resolve({ code: String(trailers['grpc-status']), message })
    })
  })
}

function toFields(headers: ReceiveOptions['headers']) {
  return { 'content-type': 'application/grpc', te: 'trailers', ...headers }
}

/** The bytes of a served `Control/Session` call. */
class ServedSession extends Duplex {
  readonly #call: ServerHttp2Stream

  constructor(call: ServerHttp2Stream) {
    super()
    this.#call = call
    const frames = new GrpcFrameReader()
    call.on('data', (chunk: Buffer) => {
      const pushed = frames.push(chunk).map((message) => this.push(fromBinary(BytesMessageSchema, message).data))
      if (pushed.includes(false)) call.pause()
    })
    call.on('close', () => this.destroy())
    call.on('error', () => this.destroy())
    call.on('end', () => this.push(null))
  }

  override _read(): void {
    this.#call.resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#call.write(toBytesMessagePrefix(chunk.length))
    this.#call.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#call.end()
    done()
  }
}

const baseUrl = 'http://session'
