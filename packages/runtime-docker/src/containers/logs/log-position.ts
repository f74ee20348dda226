import type { FrameSource } from '../../engine/streams/frame-parser.js'
import { compareLogTimes } from './log-time.js'

/** Selects the bytes of a record to pass on. */
export interface LogFilter {
  pass(source: FrameSource, bytes: Buffer, timestamp: string | undefined): Buffer
}

/** The position of a reader in a log. Passes all bytes on, and records the last record of each stream. */
export class LogPosition implements LogFilter {
  readonly #lastRecords = new Map<FrameSource, LastRecord>()
  #first: string | undefined
  #last: string | undefined

  pass(source: FrameSource, bytes: Buffer, timestamp: string | undefined): Buffer {
    this.#first ??= timestamp
    this.#last = timestamp ?? this.#last
    const record = this.#lastRecords.get(source)
    if (record !== undefined && record.timestamp === timestamp) record.length += bytes.length
    else this.#lastRecords.set(source, { timestamp, length: bytes.length })
    return bytes
  }

  /**
   * Returns the filter for a second reading of the same log, which passes on only new bytes. `undefined` when the first
   * reading got no data: the log was empty then, since the engine truncates only what follows the first chunk.
   */
  createResumeFilter(): ResumeFilter | undefined {
    if (this.#lastRecords.size === 0) return undefined
    return new ResumeFilter(this.#lastRecords, { first: this.#first, last: this.#last })
  }
}

/** Removes the bytes of a log that were read before. */
export class ResumeFilter implements LogFilter {
  /** The start of the second reading, as text or time; `undefined` for the start of the first one. */
  readonly since: Date | string | undefined
  readonly #lastRecords: ReadonlyMap<FrameSource, LastRecord>

  constructor(lastRecords: ReadonlyMap<FrameSource, LastRecord>, { first, last }: LogSpan) {
    this.#lastRecords = new Map([...lastRecords].map(([source, record]) => [source, { ...record }]))
    this.since = first === undefined || last === undefined ? undefined : toBegin(first, last)
  }

  pass(source: FrameSource, bytes: Buffer, timestamp: string | undefined): Buffer {
    const record = this.#lastRecords.get(source)
    if (record === undefined) return bytes
    const order = compareLogTimes(timestamp, record.timestamp)
    if (order !== 0) return order > 0 ? bytes : bytes.subarray(bytes.length)
    const seen = Math.min(record.length, bytes.length)
    record.length -= seen
    return bytes.subarray(seen)
  }
}

interface LogSpan {
  readonly first: string | undefined
  readonly last: string | undefined
}

/** The number of bytes read of the last record, or of all records with its timestamp. */
interface LastRecord {
  readonly timestamp: string | undefined
  length: number
}

/** Returns a time shortly before the last timestamp, since records are ordered by time only within each stream. */
function toBegin(first: string, last: string): Date | string {
  const earlier = new Date(Date.parse(last) - slackMs)
  return earlier.getTime() > Date.parse(first) ? earlier : first
}

const slackMs = 1000
