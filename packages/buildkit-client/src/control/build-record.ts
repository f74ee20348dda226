import type { StringMap } from '@capstan/core/plugin'
import { Code } from '@connectrpc/connect'
import type { BuildHistoryEvent, BuildHistoryRecord } from '../generated/control_pb.js'
import { toDate } from './control-records.js'

/** A build in the history of a daemon. Other clients of the daemon add builds, too. */
export interface BuildRecord {
  /** The id of the build. */
  readonly ref: string
  readonly state: 'running' | 'completed' | 'failed' | 'canceled'
  readonly createdAt: Date | undefined
  /** `undefined` while the build runs. */
  readonly completedAt: Date | undefined
  /** The error of a build that failed or was canceled. */
  readonly error: string | undefined
  readonly totalSteps: number
  readonly completedSteps: number
  readonly cachedSteps: number
  /** 0 if the daemon does not count warnings. */
  readonly warnings: number
  /** Whether the daemon keeps the record when it removes old ones. */
  readonly isPinned: boolean
  /** The attributes of the frontend, such as `target` and `build-arg:KEY`. They have the values of build arguments. */
  readonly attributes: StringMap
  /** The destinations of the result. */
  readonly exporters: readonly { readonly type: string; readonly attributes: StringMap }[]
  /** What the exporters reported, such as `containerimage.digest`. */
  readonly response: StringMap
}

/** Returns `undefined` for the removal of a record. */
export function toBuildRecord({ type, record }: BuildHistoryEvent): BuildRecord | undefined {
  if (record === undefined || type === removed) return undefined
  const { Ref, error, CreatedAt, CompletedAt, FrontendAttrs, Exporters, ExporterResponse } = record
  return {
    ref: Ref,
    state: toState(record),
    createdAt: toDate(CreatedAt),
    completedAt: toDate(CompletedAt),
    error: error?.message,
    totalSteps: record.numTotalSteps,
    completedSteps: record.numCompletedSteps,
    cachedSteps: record.numCachedSteps,
    warnings: record.numWarnings,
    isPinned: record.pinned,
    attributes: { ...FrontendAttrs },
    exporters: Exporters.map(({ Type, Attrs }) => ({ type: Type, attributes: { ...Attrs } })),
    response: { ...ExporterResponse },
  }
}

function toState({ error, CompletedAt }: BuildHistoryRecord): BuildRecord['state'] {
  if (error !== undefined) return error.code === Code.Canceled ? 'canceled' : 'failed'
  return CompletedAt === undefined ? 'running' : 'completed'
}

/** The type of the event of a removed record. */
const removed = 2
