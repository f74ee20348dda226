import type { FrameSource } from '../../engine/streams/frame-parser.js'
import { compareLogTimes } from './log-time.js'

/** Decides which bytes of a record are handed on. */
export interface LogFilter {
  pass(source: FrameSource, bytes: Buffer, timestamp: string | undefined): Buffer
}

/** How far a log was read: hands on everything, and remembers of each stream the last record. */
export class LogPosition implements LogFilter {
  readonly #marks = new Map<FrameSource, LogMark>()
  #first: string | undefined
  #last: string | undefined

  pass(source: FrameSource, bytes: Buffer, timestamp: string | undefined): Buffer {
    this.#first ??= timestamp
    this.#last = timestamp ?? this.#last
    const mark = this.#marks.get(source)
    if (mark !== undefined && mark.timestamp === timestamp) mark.length += bytes.length
    else this.#marks.set(source, { timestamp, length: bytes.length })
    return bytes
  }

  /**
   * For a second reading of the same log: hands on only what the first did not. `undefined` where the first got nothing:
   * an engine that has anything to send has sent a piece before a slow reader can hold it up.
   */
  toRest(): LogRest | undefined {
    if (this.#marks.size === 0) return undefined
    return new LogRest(this.#marks, { first: this.#first, last: this.#last })
  }
}

/** Leaves out of a log what was read of it before. */
export class LogRest implements LogFilter {
  /** Where the second reading has to begin, as text or time; `undefined`: where the first did. */
  readonly since: Date | string | undefined
  readonly #marks: ReadonlyMap<FrameSource, LogMark>

  constructor(marks: ReadonlyMap<FrameSource, LogMark>, { first, last }: LogSpan) {
    this.#marks = new Map([...marks].map(([source, mark]) => [source, { ...mark }]))
    this.since = first === undefined || last === undefined ? undefined : toBegin(first, last)
  }

  pass(source: FrameSource, bytes: Buffer, timestamp: string | undefined): Buffer {
    const mark = this.#marks.get(source)
    if (mark === undefined) return bytes
    const order = compareLogTimes(timestamp, mark.timestamp)
    if (order !== 0) return order > 0 ? bytes : bytes.subarray(bytes.length)
    const seen = Math.min(mark.length, bytes.length)
    mark.length -= seen
    return bytes.subarray(seen)
  }
}

interface LogSpan {
  readonly first: string | undefined
  readonly last: string | undefined
}

/** The bytes that were read of the last record, or of all records that have its timestamp. */
interface LogMark {
  readonly timestamp: string | undefined
  length: number
}

/** The records of one stream are in the order of their timestamps, those of two need not be: hence a little earlier. */
function toBegin(first: string, last: string): Date | string {
  const earlier = new Date(Date.parse(last) - slackMs)
  return earlier.getTime() > Date.parse(first) ? earlier : first
}

const slackMs = 1000
