import { createServer, type Http2Server } from 'node:http2'
import type { Duplex } from 'node:stream'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import type { ServiceImpl } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { Control } from '../../src/generated/control_pb.js'
import { readFixture } from './read-fixture.js'

/** Serves one connection with its own cache. */
export function serveControl(stream: Duplex, options: FakeControlOptions = {}): void {
  new FakeControl(options).serve(stream)
}

export interface FakeControlOptions {
  /** Calls that are not implemented, as in an older BuildKit. */
  readonly without?: readonly (keyof ServiceImpl<typeof Control>)[]
  /** Reads a recording by its file name. */
  readonly read?: (name: string) => Uint8Array
}

/**
 * A fake of the control service of a BuildKit daemon: real gRPC, with recorded answers of BuildKit v0.32.2. All
 * connections share the cache.
 */
export class FakeControl {
  readonly #server: Http2Server

  constructor({ without = [], read = readFixture }: FakeControlOptions = {}) {
    const parse = <T>(name: string): T => JSON.parse(Buffer.from(read(name)).toString())
    const [worker] = parse<readonly [RecordedWorker]>('debug-workers.json')
    let records = parse<readonly RecordedUsage[]>('du.json')
    const service: Partial<ServiceImpl<typeof Control>> = {
      info: () => ({}),
      listWorkers: () => ({ record: [toWorker(worker)] }),
      diskUsage: () => ({ record: records.map(toUsage) }),
      async *prune({ reservedSpace }) {
        const removed = chooseOldest(records, Number(reservedSpace))
        records = records.filter((record) => !removed.includes(record))
        for (const record of removed) yield toUsage(record)
      },
    }
    for (const name of without) delete service[name]
    const adapter = connectNodeAdapter({
      grpc: true,
      connect: false,
      grpcWeb: false,
      routes: (router) => router.service(Control, service),
    })
    this.#server = createServer(adapter)
  }

  serve(stream: Duplex): void {
    this.#server.emit('connection', stream)
  }
}

/** Selects the least recently used records to remove until at most `keepBytes` are left. */
function chooseOldest(records: readonly RecordedUsage[], keepBytes: number): readonly RecordedUsage[] {
  let total = records.reduce((sum, { size }) => sum + size, 0)
  const byAge = [...records].sort((one, other) => one.lastUsedAt.localeCompare(other.lastUsedAt))
  return byAge.filter(({ size }) => {
    const isRemoved = total > keepBytes
    if (isRemoved) total -= size
    return isRemoved
  })
}

function toWorker({ id, labels, platforms, buildkitVersion }: RecordedWorker) {
  const toPlatform = ({ os, architecture, variant = '' }: RecordedPlatform) => {
    return { OS: os, Architecture: architecture, Variant: variant }
  }
  return {
    ID: id,
    Labels: labels,
    platforms: platforms.map(toPlatform),
    BuildkitVersion: { version: buildkitVersion.version },
  }
}

function toUsage(record: RecordedUsage) {
  return {
    ID: record.id,
    InUse: record.inUse,
    Size: BigInt(record.size),
    CreatedAt: timestampFromDate(new Date(record.createdAt)),
    LastUsedAt: timestampFromDate(new Date(record.lastUsedAt)),
    Description: record.description,
  }
}

/** The fields that are read of `buildctl debug workers --format '{{json .}}'`. */
interface RecordedWorker {
  readonly id: string
  readonly labels: Record<string, string>
  readonly platforms: readonly RecordedPlatform[]
  readonly buildkitVersion: { readonly version: string }
}

interface RecordedPlatform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/** The fields that are read of `buildctl du --format '{{json .}}'`. */
interface RecordedUsage {
  readonly id: string
  readonly inUse: boolean
  readonly size: number
  readonly createdAt: string
  readonly lastUsedAt: string
  readonly description: string
}
