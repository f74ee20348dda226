import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt'
import type { BuildKitWorker, CacheRecord } from '../buildkit-sidecar.js'
import type { UsageRecord } from './generated/control_pb.js'
import type { WorkerRecord } from './generated/worker_pb.js'

export function toWorker({
  ID: id,
  Labels: labels,
  platforms,
  BuildkitVersion: version,
}: WorkerRecord): BuildKitWorker {
  return {
    id,
    labels: { ...labels },
    platforms: platforms.map(({ OS, Architecture, Variant }) => [OS, Architecture, Variant].filter(Boolean).join('/')),
    version: version?.version ?? '',
  }
}

export function toCacheRecord({ ID, Size, InUse, Description, CreatedAt, LastUsedAt }: UsageRecord): CacheRecord {
  return {
    id: ID,
    sizeBytes: Number(Size),
    inUse: InUse,
    description: Description,
    createdAt: toDate(CreatedAt),
    lastUsedAt: toDate(LastUsedAt),
  }
}

/** Go's zero time, of the year 1, means: not known. */
function toDate(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp === undefined || timestamp.seconds < 0n ? undefined : timestampDate(timestamp)
}
