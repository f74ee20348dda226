import { create, toBinary } from '@bufbuild/protobuf'
import { type Packet, PacketSchema, type Stat } from '../../../src/generated/fsutil_pb.js'
import type { FileTree, TreeEntry } from './file-tree.js'
import { SolveError } from './solve-error.js'

/** A finished transfer of the files of one local source. */
export interface FakeTransfer {
  /** The name of the vertex, for example `[internal] load build context`. */
  readonly step: string
  readonly source: string
  /** The paths of the files whose bytes were sent. */
  readonly sent: readonly string[]
}

/** The copies of local sources that the daemon keeps between builds, by the name of the source and the shared key of the session. */
export class LocalSources {
  readonly #copies = new Map<string, LocalCopy[]>()

  /** Returns a copy that no other build uses. Release it after use. */
  acquire(key: string): LocalCopy {
    const copies = this.#copies.get(key) ?? []
    this.#copies.set(key, copies)
    const free = copies.find(({ isInUse }) => !isInUse)
    const copy = free ?? new LocalCopy()
    if (free === undefined) copies.push(copy)
    copy.isInUse = true
    return copy
  }

  clear(): void {
    this.#copies.clear()
  }
}

/** The files of a source as they were received last. */
class LocalCopy {
  isInUse = false
  #files = new Map<string, KeptFile>()

  /**
   * Receives the files as the daemon does: a file with the same size, mode, owner, modification time and link target as in the
   * copy counts as unchanged, and its bytes are not requested. Contents are not compared.
   * https://github.com/tonistiigi/fsutil/blob/master/receive.go and diff_containerd.go
   */
  async receive(call: (packets: AsyncIterable<Packet>) => AsyncIterable<Packet>, options: ReceiveOptions) {
    const requests = new PacketQueue()
    const receiver = new Receiver(this.#files, { ...options, send: (packet) => requests.push(packet) })
    try {
      for await (const packet of call(requests)) await receiver.push(packet)
    } finally {
      requests.end()
    }
    this.#files = receiver.finish()
    return { tree: toTree(this.#files), sent: receiver.sent }
  }
}

export type { LocalCopy }

interface ReceiveOptions {
  /** Whether all files are requested. */
  readonly comparesNothing: boolean
  /** Called with the number of bytes received so far, for each packet. `hasData` is true if it has bytes of a file. */
  onPacket(bytes: number, packet: { readonly hasData: boolean }): Promise<void>
}

interface KeptFile {
  readonly stat: Stat
  content: Buffer
}

/** Receives one transfer. */
class Receiver {
  readonly sent: string[] = []
  readonly #before: ReadonlyMap<string, KeptFile>
  readonly #options: ReceiveOptions & { send(packet: Packet): void }
  readonly #files = new Map<string, KeptFile>()
  readonly #paths: string[] = []
  readonly #pending = new Map<number, Buffer[]>()
  #areAllListed = false
  #isComplete = false
  #isFinished = false
  #bytes = 0

  constructor(before: ReadonlyMap<string, KeptFile>, options: ReceiveOptions & { send(packet: Packet): void }) {
    this.#before = before
    this.#options = options
  }

  async push(packet: Packet): Promise<void> {
    this.#bytes += toBinary(PacketSchema, packet).length
    const { type, stat, ID, data } = packet
    await this.#options.onPacket(this.#bytes, { hasData: type === packetType.data && data.length > 0 })
    if (type === packetType.error) throw new SolveError(`error from sender: ${Buffer.from(data).toString()}`)
    if (type === packetType.stat && stat !== undefined) this.#addStat(stat)
    else if (type === packetType.stat) this.#areAllListed = true
    else if (type === packetType.data) this.#addData(ID, data)
    else if (type === packetType.end) this.#isFinished = true
    if (!this.#areAllListed || this.#pending.size > 0 || this.#isComplete) return
    this.#isComplete = true
    this.#send({ type: packetType.end })
  }

  /** Returns the received files. @throws SolveError if the sender has ended before its FIN. */
  finish(): Map<string, KeptFile> {
    if (!this.#isFinished) throw new SolveError('EOF')
    return this.#files
  }

  #addStat(stat: Stat): void {
    const id = this.#paths.length
    this.#checkOrder(stat.path)
    this.#paths.push(stat.path)
    const isLink = !isRegular(stat) || stat.linkname !== ''
    if (isRegular(stat) && isLink && !this.#files.has(stat.linkname)) {
      throw new SolveError(`invalid link ${stat.path} to unknown path: "${stat.linkname}"`)
    }
    const before = this.#before.get(stat.path)
    const content = before?.content ?? Buffer.alloc(0)
    this.#files.set(stat.path, { stat, content })
    if (isLink || (!this.#options.comparesNothing && before !== undefined && isSame(before.stat, stat))) return
    this.sent.push(stat.path)
    this.#pending.set(id, [])
    this.#send({ type: packetType.request, ID: id })
  }

  #addData(id: number, data: Uint8Array): void {
    const chunks = this.#pending.get(id)
    if (chunks === undefined) throw new SolveError(`invalid file request ${id}`)
    chunks.push(Buffer.from(data))
    if (data.length > 0) return
    this.#pending.delete(id)
    const file = this.#files.get(this.#paths[id] ?? '')
    if (file !== undefined) file.content = Buffer.concat(chunks)
  }

  /** Paths must be clean, and sorted by their parts, each after its directory. */
  #checkOrder(path: string): void {
    const last = this.#paths.at(-1)
    const isClean = !path.startsWith('/') && path.split('/').every((part) => !['', '.', '..'].includes(part))
    if (!isClean) throw new SolveError(`unclean path ${path}: invalid argument`)
    const parent = path.slice(0, path.lastIndexOf('/'))
    const isBelow = !path.includes('/') || isDirectory(this.#files.get(parent)?.stat)
    if (!isBelow || (last !== undefined && Buffer.compare(toSortKey(last), toSortKey(path)) >= 0)) {
      throw new SolveError(`changes out of order: "${path}" "${last ?? ''}"`)
    }
  }

  #send(packet: { readonly type: number; readonly ID?: number }): void {
    this.#options.send(create(PacketSchema, packet))
  }
}

/** The packets that are sent during a transfer. */
class PacketQueue {
  readonly #packets: Packet[] = []
  #isEnded = false
  #wake = () => {}

  push(packet: Packet): void {
    this.#packets.push(packet)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Packet> {
    for (let at = 0; ; at += 1) {
      while (at >= this.#packets.length) {
        if (this.#isEnded) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      const packet = this.#packets[at]
      if (packet !== undefined) yield packet
    }
  }
}

function toTree(files: ReadonlyMap<string, KeptFile>): FileTree {
  const resolve = ({ stat, content }: KeptFile): TreeEntry => {
    const mode = toUnixMode(stat.mode)
    if (isDirectory(stat)) return { type: 'directory', mode }
    if (!isRegular(stat)) return { type: 'symlink', mode, target: stat.linkname }
    return { type: 'file', mode, content: files.get(stat.linkname)?.content ?? content }
  }
  return new Map([...files].map(([path, file]) => [path, resolve(file)]))
}

/** Time and size of a directory are ignored. */
function isSame(one: Stat, other: Stat): boolean {
  const isEqual =
    one.mode === other.mode && one.uid === other.uid && one.gid === other.gid && one.linkname === other.linkname
  return isEqual && (isDirectory(one) || (one.size === other.size && one.modTime === other.modTime))
}

function isRegular({ mode }: Stat): boolean {
  return (mode & goTypeBits) === 0
}

function isDirectory(stat: Stat | undefined): boolean {
  return stat !== undefined && (stat.mode & goDirectoryBit) !== 0
}

function toUnixMode(mode: number): number {
  const special = (
    [
      [23, 0o4000],
      [22, 0o2000],
      [20, 0o1000],
    ] as const
  ).filter(([bit]) => (mode & (1 << bit)) !== 0)
  return special.reduce((sum, [, bits]) => sum + bits, mode & 0o777)
}

/** `/` sorts before all other bytes. */
function toSortKey(path: string): Buffer {
  return Buffer.from(path.replaceAll('/', '\0'))
}

/** https://pkg.go.dev/io/fs#FileMode */
const goDirectoryBit = 1 << 31
const goTypeBits = (1 << 31) | (1 << 27) | (1 << 26) | (1 << 25) | (1 << 24) | (1 << 21) | (1 << 19)
const packetType = { stat: 0, request: 1, data: 2, end: 3, error: 4 }
