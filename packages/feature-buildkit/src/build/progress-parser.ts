import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from './build-progress-event.js'
import {
  isProgressRecord,
  type ProgressRecord,
  type RawLog,
  type RawStatus,
  type RawVertex,
} from './progress-record.js'

/**
 * Parses the output of `buildctl build --progress=rawjson`: one JSON object a line, and plain text after a failure.
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

  /** The lines that were no progress, the last 200: what went wrong, in BuildKit's words. */
  get diagnostics(): readonly string[] {
    return this.#diagnostics
  }

  push(chunk: Uint8Array): readonly BuildProgressEvent[] {
    return this.#take(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
  }

  /** What a last line without its end tells. */
  end(): readonly BuildProgressEvent[] {
    return this.#take(`${this.#decoder.end()}\n`)
  }

  #take(text: string): readonly BuildProgressEvent[] {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    return lines.flatMap((line) => this.#read(line))
  }

  #read(line: string): readonly BuildProgressEvent[] {
    if (line.trim() === '') return []
    const record = parseRecord(line)
    if (record !== undefined) return this.#toEvents(record)
    this.#diagnostics.push(line)
    if (this.#diagnostics.length > mostDiagnostics) this.#diagnostics.shift()
    return []
  }

  #toEvents({ vertexes, statuses, logs, warnings }: ProgressRecord): readonly BuildProgressEvent[] {
    return [
      ...(vertexes ?? []).flatMap((vertex) => this.#toStep(vertex)),
      ...(statuses ?? []).map(toStatus),
      ...(logs ?? []).map(toLog),
      ...(warnings ?? []).map(({ vertex = '', short = '' }) => toWarning(vertex, short)),
    ]
  }

  /** BuildKit may send only the end of a step; `started` is then added, except for a cached one. */
  #toStep({ digest: id, name = id, started, completed, cached, error }: RawVertex): readonly BuildProgressEvent[] {
    const state = toState({ started, completed, cached, error })
    if (state === undefined) return []
    const states = isSet(started) && state !== 'cached' ? (['started', state] as const) : [state]
    return [...new Set(states)]
      .filter((one) => this.#isNews(id, { state: one, started }))
      .map((one) => {
        const at = toTime(one === 'started' ? started : (completed ?? started))
        return { type: 'step', id, name, state: one, at, ...(one === 'failed' ? { error: error ?? '' } : {}) }
      })
  }

  /** Only a completed step changes its state again: it may start once more, at another time. */
  #isNews(id: string, next: KnownStep): boolean {
    const known = this.#steps.get(id)
    const isAgain = known?.state === 'completed' && known.started !== next.started
    const isNews =
      known === undefined ||
      isAgain ||
      (known.state !== next.state && known.state !== 'failed' && next.state !== 'started')
    if (isNews) this.#steps.set(id, next)
    return isNews
  }
}

/** The last emitted state, and the start of its interval. */
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

type Step = Pick<RawVertex, 'started' | 'completed' | 'cached' | 'error'>

function toState({ started, completed, cached, error }: Step) {
  if (error) return 'failed' as const
  if (cached === true) return 'cached' as const
  if (isSet(completed)) return 'completed' as const
  return isSet(started) ? ('started' as const) : undefined
}

function toStatus({ vertex = '', id = '', current = 0, total = 0, timestamp }: RawStatus): BuildProgressEvent {
  return { type: 'status', stepId: vertex, id, current, total: total > 0 ? total : undefined, at: toTime(timestamp) }
}

function toLog({ vertex = '', stream, data = '', timestamp }: RawLog): BuildProgressEvent {
  const bytes = Buffer.from(data, 'base64')
  return { type: 'log', stepId: vertex, stream: stream === 2 ? 'stderr' : 'stdout', bytes, at: toTime(timestamp) }
}

function toWarning(stepId: string, short: string): BuildProgressEvent {
  return { type: 'warning', stepId, message: Buffer.from(short, 'base64').toString() }
}

/** Go's zero time means: not set. */
function isSet(time: string | undefined): time is string {
  return time !== undefined && !time.startsWith('0001-')
}

function toTime(time: string | undefined): Date {
  return new Date(isSet(time) ? time : 0)
}

const mostDiagnostics = 200
