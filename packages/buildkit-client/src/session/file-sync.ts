import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { ContextEntry } from '@capstan/build-context'
import { Code, ConnectError } from '@connectrpc/connect'
import { toVarint } from '../control/grpc-frames.js'
import { PacketSchema } from '../generated/fsutil_pb.js'
import { toFileStats } from './file-stats.js'
import { filterEntries } from './filter-entries.js'
import type { GrpcCall, GrpcHandler } from './grpc-server.js'
import type { SessionServices } from './session.js'

/**
 * Sends the files of the source that the call names. The protocol is that of fsutil:
 *
 * 1. This side sends a STAT packet for each entry, in order, and an empty one at the end.
 * 2. The peer compares them with its files, and sends REQ with the index of each file that it needs.
 * 3. This side sends the bytes of such a file in DATA packets, and an empty one at its end.
 * 4. The peer sends FIN, and this side answers with FIN.
 *
 * https://github.com/tonistiigi/fsutil/blob/master/receive.go
 */
export function createFileSyncHandler({
  sources,
  onTransfer,
  onTransferEnd,
}: Pick<SessionServices, 'sources' | 'onTransfer' | 'onTransferEnd'>): GrpcHandler {
  return async (call) => {
    const [name = ''] = call.header('dir-name')
    const entries = Object.hasOwn(sources, name) ? sources[name] : undefined
    if (entries === undefined) throw new ConnectError(`the source ${name} is not provided`, Code.NotFound)
    const sender = new FileSender(call, (bytes) => onTransfer?.(name, bytes))
    await sender.send(filterEntries(entries, readFilter(call)))
    onTransferEnd?.(name)
  }
}

/**
 * Reads the patterns of a call. Values with other characters than ASCII are encoded like the query of a URL:
 * https://github.com/moby/buildkit/blob/v0.32.2/session/filesync/filesync.go
 */
function readFilter(call: GrpcCall) {
  const read = (name: string) => {
    const values = call.header(name)
    const isEncoded = call.header(`${name}-encoded`)[0] === '1'
    return isEncoded ? values.map((value) => decodeURIComponent(value.replaceAll('+', ' '))) : values
  }
  return {
    include: read('include-patterns'),
    exclude: read('exclude-patterns'),
    followPaths: read('followpaths'),
  }
}

/** Sends the entries of one source. */
class FileSender {
  readonly #call: GrpcCall
  readonly #onTransfer: (bytes: number) => void
  readonly #requests = new RequestQueue()

  constructor(call: GrpcCall, onTransfer: (bytes: number) => void) {
    this.#call = call
    this.#onTransfer = onTransfer
  }

  /** Resolves when the peer has everything. An error of this side is sent to the peer, too. */
  async send(entries: readonly ContextEntry[]): Promise<void> {
    const aborted = new Promise<never>((_, reject) => {
      this.#call.signal.addEventListener('abort', () => reject(this.#call.signal.reason))
    })
    const ids = this.#requests[Symbol.asyncIterator]()
    const sending = Array.from({ length: filesAtOnce }, () => this.#sendFiles(entries, ids))
    const steps = [this.#sendStats(entries), this.#receive(), ...sending]
    try {
      await Promise.race([Promise.all(steps), aborted])
    } catch (error) {
      this.#requests.end()
      await this.#sendPacket({ type: packetType.error, data: Buffer.from(String(error)) }).catch(() => {})
      throw error
    }
  }

  async #sendStats(entries: readonly ContextEntry[]): Promise<void> {
    let packets: Uint8Array[] = []
    for await (const stat of toFileStats(entries)) {
      if (packets.push(toPacket({ type: packetType.stat, stat })) < statsAtOnce) continue
      await this.#call.sendAll(packets)
      packets = []
    }
    await this.#call.sendAll([...packets, toPacket({ type: packetType.stat })])
  }

  async #receive(): Promise<void> {
    for await (const message of this.#call.messages) {
      const { type, ID, data } = fromBinary(PacketSchema, message)
      if (type === packetType.request) this.#requests.push(ID)
      if (type === packetType.error) throw new ConnectError(Buffer.from(data).toString(), Code.Aborted)
      if (type === packetType.end) break
    }
    this.#requests.end()
    await this.#sendPacket({ type: packetType.end })
  }

  /** Sends one file after the other. Several calls share `ids`, so that files are read while others are sent. */
  async #sendFiles(entries: readonly ContextEntry[], ids: AsyncIterator<number>): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(blockBytes)
    for (let next = await ids.next(); !next.done; next = await ids.next()) {
      const id = next.value
      const entry = entries[id]
      if (entry === undefined) throw new ConnectError(`an unknown file ${id}`, Code.InvalidArgument)
      for await (const data of entry.open(buffer)) {
        for (const block of toBlocks(data)) {
          await this.#call.send(toDataPrefix(id, block.length), block)
          this.#onTransfer(block.length)
        }
      }
      await this.#sendPacket({ type: packetType.data, ID: id })
    }
  }

  #sendPacket(packet: MessageInitShape<typeof PacketSchema>): Promise<void> {
    return this.#call.send(toPacket(packet))
  }
}

function toPacket(packet: MessageInitShape<typeof PacketSchema>): Uint8Array {
  return toBinary(PacketSchema, create(PacketSchema, packet))
}

/** The files that the peer requests, by their index. */
class RequestQueue {
  readonly #ids: number[] = []
  #isEnded = false
  #wake = () => {}

  push(id: number): void {
    this.#ids.push(id)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<number> {
    for (let at = 0; ; at += 1) {
      while (at >= this.#ids.length) {
        if (this.#isEnded) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      yield this.#ids[at] ?? 0
    }
  }
}

/** Splits the bytes of a file in memory, since gRPC limits the size of a message. */
function* toBlocks(data: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < data.length; at += blockBytes) yield data.subarray(at, at + blockBytes)
}

/** Encodes the fields of a DATA packet before its bytes, which are not copied. */
function toDataPrefix(id: number, length: number): Uint8Array {
  return Buffer.from([0x08, packetType.data, 0x18, ...toVarint(id), 0x22, ...toVarint(length)])
}

const filesAtOnce = 8
const statsAtOnce = 100
const blockBytes = 128 * 1024

/** The types of packets: https://github.com/tonistiigi/fsutil/blob/master/types/wire.proto */
const packetType = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const
