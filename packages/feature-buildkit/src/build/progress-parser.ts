import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from './build-progress-event.js'

/**
 * Parses the output of `buildctl build --progress=rawjson`: one JSON object per line, and plain text after a failure.
 *
 * BuildKit sends a step again on each change, and a step may run in several intervals (a local source has two). Emits
 * `started` and `completed` once per interval, `cached` and `failed` once per step.
 * https://github.com/moby/buildkit/blob/v0.32.2/client/graph.go
 */
export class ProgressParser {
  readonly #decoder = new StringDecoder('utf8')
  readonly #steps = new Map<string, KnownStep>()
  readonly #diagnostics: string[] = []
  #line = ''

  /** The last 200 lines that are not progress records: the error messages of BuildKit. */
  get diagnostics(): readonly string[] {
    return this.#diagnostics
  }

  push(chunk: Uint8Array): readonly BuildProgressEvent[] {
    return this.#parse(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
  }

  /** Parses the last line if it has no line end. */
  end(): readonly BuildProgressEvent[] {
    return this.#parse(`${this.#decoder.end()}\n`)
  }

  #parse(text: string): readonly BuildProgressEvent[] {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    return lines.flatMap((line) => this.#parseLine(line))
  }

  #parseLine(line: string): readonly BuildProgressEvent[] {
    if (line.trim() === '') return []
    const record = parseRecord(line)
    if (record !== undefined) return this.#toEvents(record)
    this.#diagnostics.push(line)
    if (this.#diagnostics.length > maxDiagnostics) this.#diagnostics.shift()
    return []
  }

  #toEvents({ vertexes, statuses, logs, warnings }: ProgressRecord): readonly BuildProgressEvent[] {
    return [
      ...(vertexes ?? []).flatMap((vertex) => this.#toStep(vertex)),
      ...(statuses ?? []).map(toStatus),
      ...(logs ?? []).map(toLog),
      ...(warnings ?? []).map(toWarning),
    ]
  }

  /** If BuildKit sends only the end of a step, `started` is added, except for a cached step. */
  #toStep(vertex: RawVertex): readonly BuildProgressEvent[] {
    const { digest: id, name = id, started, completed, error } = vertex
    const state = toState(vertex)
    if (state === undefined) return []
    const states = isSet(started) && state !== 'cached' ? (['started', state] as const) : [state]
    return [...new Set(states)]
      .filter((one) => this.#isNew(id, { state: one, started }))
      .map((one) => {
        const at = toTime(one === 'started' ? started : (completed ?? started))
        return { type: 'step', id, name, state: one, at, ...(one === 'failed' ? { error: error ?? '' } : {}) }
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

function parseRecord(line: string): ProgressRecord | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return isProgressRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function toState({ started, completed, cached, error }: RawVertex) {
  if (error) return 'failed' as const
  if (cached === true) return 'cached' as const
  if (isSet(completed)) return 'completed' as const
  return isSet(started) ? ('started' as const) : undefined
}

function toStatus({ vertex = '', id = '', current = 0, total = 0, ...raw }: RawStatus): BuildProgressEvent {
  const amounts = { current, total: total > 0 ? total : undefined, isDone: isSet(raw.completed) }
  return { type: 'status', stepId: vertex, id, ...amounts, at: toTime(raw.timestamp) }
}

function toLog({ vertex = '', stream, data = '', timestamp }: RawLog): BuildProgressEvent {
  const bytes = Buffer.from(data, 'base64')
  return { type: 'log', stepId: vertex, stream: stream === 2 ? 'stderr' : 'stdout', bytes, at: toTime(timestamp) }
}

function toWarning({ vertex = '', short = '', detail, url = '' }: RawWarning): BuildProgressEvent {
  const toText = (base64: string) => Buffer.from(base64, 'base64').toString()
  const more = { detail: (detail ?? []).map(toText), ...(url !== '' && { url }) }
  return { type: 'warning', stepId: vertex, message: toText(short), ...more }
}

/** Go's zero time, in the year 1, means that the time is not set. */
function isSet(time: string | undefined): time is string {
  return time !== undefined && !time.startsWith('0001-')
}

function toTime(time: string | undefined): Date {
  return new Date(isSet(time) ? time : 0)
}

/** One line of `--progress=rawjson`. */
interface ProgressRecord {
  readonly vertexes?: readonly RawVertex[]
  readonly statuses?: readonly RawStatus[]
  readonly logs?: readonly RawLog[]
  readonly warnings?: readonly RawWarning[]
}

/** A step. Times are in the format of RFC 3339. */
interface RawVertex {
  readonly digest: string
  readonly name?: string
  readonly started?: string
  readonly completed?: string
  readonly cached?: boolean
  readonly error?: string
}

interface RawStatus {
  readonly id?: string
  readonly vertex?: string
  readonly current?: number
  readonly total?: number
  readonly timestamp?: string
  readonly completed?: string
}

/** `stream` is 1 for stdout or 2 for stderr. `data` is base64. */
interface RawLog {
  readonly vertex?: string
  readonly stream?: number
  readonly data?: string
  readonly timestamp?: string
}

/** `short` and each line of `detail` are base64. */
interface RawWarning {
  readonly vertex?: string
  readonly short?: string
  readonly detail?: readonly string[] | null
  readonly url?: string
}

/** Whether a value is a record: all its lists are lists of objects, and each step has a digest. */
function isProgressRecord(value: unknown): value is ProgressRecord {
  if (!isObject(value)) return false
  const lists = [value.vertexes, value.statuses, value.logs, value.warnings].filter((list) => list !== undefined)
  if (lists.length === 0) return false
  const isList = (list: unknown) => list === null || (Array.isArray(list) && list.every(isObject))
  const vertexes: unknown = value.vertexes ?? []
  return lists.every(isList) && Array.isArray(vertexes) && vertexes.every(({ digest }) => typeof digest === 'string')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

const maxDiagnostics = 200
