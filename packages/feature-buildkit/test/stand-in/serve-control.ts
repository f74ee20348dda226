import { createServer, type Http2Server } from 'node:http2'
import type { Duplex } from 'node:stream'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import type { ServiceImpl } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { Control } from '../../src/control/generated/control_pb.js'
import { readFixture } from '../support/read-fixture.js'

/** Serves one connection with a cache of its own. */
export function serveControl(stream: Duplex, options: ControlStandInOptions = {}): void {
  new ControlStandIn(options).serve(stream)
}

export interface ControlStandInOptions {
  /** Calls that an older BuildKit does not have. */
  readonly without?: readonly (keyof ServiceImpl<typeof Control>)[]
  /** A recording, by the name of its file. */
  readonly read?: (name: string) => Uint8Array
}

/**
 * Stands in for the control service of a BuildKit daemon: real gRPC, with what BuildKit v0.32.2 was recorded to answer.
 * What is pruned is gone for every connection.
 */
export class ControlStandIn {
  readonly #server: Http2Server

  constructor({ without = [], read = readFixture }: ControlStandInOptions = {}) {
    const parse = <T>(name: string): T => JSON.parse(Buffer.from(read(name)).toString())
    const [worker] = parse<readonly [RecordedWorker]>('debug-workers.json')
    let records = parse<readonly RecordedUsage[]>('du.json')
    const service: Partial<ServiceImpl<typeof Control>> = {
      info: () => ({ buildkitVersion: worker.buildkitVersion }),
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

/** What has to go until no more than `keepBytes` are left: what was used longest ago first. */
function chooseOldest(records: readonly RecordedUsage[], keepBytes: number): readonly RecordedUsage[] {
  let total = records.reduce((sum, { size }) => sum + size, 0)
  const byAge = [...records].sort((one, other) => one.lastUsedAt.localeCompare(other.lastUsedAt))
  return byAge.filter(({ size }) => {
    const goes = total > keepBytes
    if (goes) total -= size
    return goes
  })
}

function toWorker({ id, labels, platforms, buildkitVersion }: RecordedWorker) {
  const toPlatform = ({ os, architecture, variant = '' }: RecordedPlatform) => {
    return { OS: os, Architecture: architecture, Variant: variant }
  }
  return { ID: id, Labels: labels, platforms: platforms.map(toPlatform), BuildkitVersion: buildkitVersion }
}

function toUsage(record: RecordedUsage) {
  return {
    ID: record.id,
    Mutable: record.mutable,
    InUse: record.inUse,
    Size: BigInt(record.size),
    CreatedAt: timestampFromDate(new Date(record.createdAt)),
    LastUsedAt: timestampFromDate(new Date(record.lastUsedAt)),
    UsageCount: BigInt(record.usageCount),
    Description: record.description,
    RecordType: record.recordType,
    Shared: record.shared,
    Parents: record.parents ?? [],
  }
}

/** As `buildctl debug workers --format '{{json .}}'` writes it. */
interface RecordedWorker {
  readonly id: string
  readonly labels: Record<string, string>
  readonly platforms: readonly RecordedPlatform[]
  readonly buildkitVersion: { readonly package: string; readonly version: string; readonly revision: string }
}

interface RecordedPlatform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/** As `buildctl du --format '{{json .}}'` writes it. */
interface RecordedUsage {
  readonly id: string
  readonly mutable: boolean
  readonly inUse: boolean
  readonly size: number
  readonly createdAt: string
  readonly lastUsedAt: string
  readonly usageCount: number
  readonly description: string
  readonly recordType: string
  readonly shared: boolean
  readonly parents: string[] | null
}
