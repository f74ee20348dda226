import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt'
import type { StringMap } from '@capstan/core/plugin'
import type { UsageRecord, WorkerRecord } from '../generated/control_pb.js'

/** A worker of BuildKit: it runs the steps of builds. */
export interface BuildKitWorker {
  readonly id: string
  readonly labels: StringMap
  /** For example `linux/arm64`, `linux/amd64/v2`. */
  readonly platforms: readonly string[]
  /** The version of BuildKit, for example `v0.32.2`. Empty if the daemon does not report it. */
  readonly version: string
}

/** One record of the build cache. */
export interface CacheRecord {
  readonly id: string
  readonly sizeBytes: number
  readonly inUse: boolean
  readonly description: string
  readonly createdAt: Date | undefined
  readonly lastUsedAt: Date | undefined
}

export function toWorker({ ID, Labels, platforms, BuildkitVersion }: WorkerRecord): BuildKitWorker {
  return {
    id: ID,
    labels: { ...Labels },
    platforms: platforms.map(({ OS, Architecture, Variant }) => [OS, Architecture, Variant].filter(Boolean).join('/')),
    version: BuildkitVersion?.version ?? '',
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

/** Go's zero time, in the year 1, means that the time is not known. */
export function toDate(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp === undefined || timestamp.seconds < 0n ? undefined : timestampDate(timestamp)
}
