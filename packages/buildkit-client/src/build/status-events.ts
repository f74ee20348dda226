import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt'
import type { StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning } from '../generated/control_pb.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import { sortEvents } from './sort-events.js'
import { toExcerpt } from './source-excerpt.js'

/**
 * Converts the answers to `Status` to events.
 *
 * BuildKit sends a step again on each change, and a step may run in several intervals (a local source has two). Emits
 * `started` and `completed` once per interval, `cached` and `failed` once per step. The events of one answer are in the order of
 * their times: BuildKit lists all steps before their output.
 * https://github.com/moby/buildkit/blob/v0.32.2/client/graph.go
 */
export class StatusEvents {
  readonly #steps = new Map<string, KnownStep>()

  push({ vertexes, statuses, logs, warnings }: StatusResponse): readonly BuildProgressEvent[] {
    return sortEvents([
      ...vertexes.flatMap((vertex) => this.#toStep(vertex)),
      ...statuses.map(toStatus),
      ...logs.map(toLog),
      ...warnings.map(toWarning),
    ])
  }

  /** If BuildKit sends only the end of a step, `started` is added, except for a cached step. */
  #toStep(vertex: Vertex): readonly BuildProgressEvent[] {
    const { digest: id, name, error } = vertex
    const started = toKnown(vertex.started)
    const completed = toKnown(vertex.completed)
    const state = toState({ started, completed, cached: vertex.cached, error })
    if (state === undefined) return []
    const states = started !== undefined && state !== 'cached' ? (['started', state] as const) : [state]
    return [...new Set(states)]
      .filter((one) => this.#isNew(id, { state: one, started: started && `${started.seconds}.${started.nanos}` }))
      .map((one) => {
        const at = toDate(one === 'started' ? started : (completed ?? started))
        return { type: 'step', id, name: name || id, state: one, at, ...(one === 'failed' ? { error } : {}) }
      })
  }

  /**
   * Whether the state is new. A completed step may start again, at another time. A failed step never changes, and `started`
   * never follows another state within one interval.
   */
  #isNew(id: string, next: KnownStep): boolean {
    const known = this.#steps.get(id)
    const isNewInterval = known?.state === 'completed' && known.started !== next.started
    const isNew =
      known === undefined ||
      isNewInterval ||
      (known.state !== next.state && known.state !== 'failed' && next.state !== 'started')
    if (isNew) this.#steps.set(id, next)
    return isNew
  }
}

/** The last emitted state of a step, and the start of its interval. */
interface KnownStep {
  readonly state: string
  readonly started: string | undefined
}

interface StepTimes extends Pick<Vertex, 'cached' | 'error'> {
  readonly started: Timestamp | undefined
  readonly completed: Timestamp | undefined
}

function toState({ started, completed, cached, error }: StepTimes) {
  if (error !== '') return 'failed' as const
  if (cached) return 'cached' as const
  if (completed !== undefined) return 'completed' as const
  return started === undefined ? undefined : ('started' as const)
}

function toStatus({ vertex, ID: id, current, total, timestamp, completed }: VertexStatus): BuildProgressEvent {
  return {
    type: 'status',
    stepId: vertex,
    id,
    current: Number(current),
    total: total > 0n ? Number(total) : undefined,
    isDone: toKnown(completed) !== undefined,
    at: toDate(timestamp),
  }
}

function toLog({ vertex, stream, msg, timestamp }: VertexLog): BuildProgressEvent {
  return { type: 'log', stepId: vertex, stream: stream === 2n ? 'stderr' : 'stdout', bytes: msg, at: toDate(timestamp) }
}

function toWarning({ vertex, short, detail, url, info, ranges }: VertexWarning): BuildProgressEvent {
  const lines = ranges.map(({ start, end }) => ({ start: start?.line ?? 0, end: end?.line ?? 0 }))
  const source = info && toExcerpt({ file: info.filename, text: Buffer.from(info.data).toString(), ranges: lines })
  return {
    type: 'warning',
    stepId: vertex,
    message: Buffer.from(short).toString(),
    detail: detail.map((line) => Buffer.from(line).toString()),
    ...(url !== '' && { url }),
    ...(source && { source }),
  }
}

/** Go's zero time, in the year 1, means that the time is not set. */
function toKnown(time: Timestamp | undefined): Timestamp | undefined {
  return time === undefined || time.seconds < 0n ? undefined : time
}

function toDate(time: Timestamp | undefined): Date {
  const known = toKnown(time)
  return new Date(known === undefined ? 0 : timestampMs(known))
}
