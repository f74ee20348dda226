import type { FramePiece, FrameSource } from '../../engine/streams/frame-parser.js'

/** Receives a piece of a log without its timestamp. All pieces of a record have the same timestamp. */
export type StampedSink = (source: FrameSource, bytes: Buffer, timestamp: string | undefined) => void

/**
 * Removes the timestamp from each record, which is the text before the first space.
 *
 * Each frame is a record with one timestamp. A line longer than 16 KiB is split into several records.
 */
export class FrameTimestamps {
  readonly #sink: StampedSink
  readonly #records = { stdout: new RecordBegin(), stderr: new RecordBegin() }
  /** The last timestamp of both streams. */
  last: string | undefined

  constructor(sink: StampedSink) {
    this.#sink = sink
  }

  push(source: FrameSource, bytes: Buffer, { isLast }: FramePiece): void {
    const record = this.#records[source]
    const text = record.hasTimestampRead ? bytes : record.push(bytes, { isLast })
    this.last = record.timestamp ?? this.last
    if (text.length > 0) this.#sink(source, text, record.timestamp)
    if (isLast) record.reset()
  }
}

/**
 * Removes timestamps from the raw stream of a terminal, which has no frames. A record begins at each line, and after
 * each 16 KiB of a line, with another timestamp.
 */
export class LineTimestamps {
  readonly #sink: StampedSink
  readonly #record = new RecordBegin()
  #recordLength = 0
  last: string | undefined

  constructor(sink: StampedSink) {
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) rest = this.#record.hasTimestampRead ? this.#takeText(rest) : this.#takeBegin(rest)
  }

  /** Passes on buffered text that could have been the beginning of a timestamp. */
  end(): void {
    const rest = this.#record.push(noBytes, { isLast: true })
    if (rest.length > 0) this.#sink('stdout', rest, this.#record.timestamp)
  }

  #takeBegin(bytes: Buffer): Buffer {
    const text = this.#record.push(bytes, { isLast: false })
    this.last = this.#record.timestamp ?? this.last
    this.#recordLength = 0
    return text
  }

  #takeText(bytes: Buffer): Buffer {
    const most = bytes.subarray(0, recordBytes - this.#recordLength)
    const newline = most.indexOf(10)
    const text = newline === -1 ? most : most.subarray(0, newline + 1)
    this.#sink('stdout', text, this.#record.timestamp)
    this.#recordLength += text.length
    if (newline !== -1 || this.#recordLength === recordBytes) this.#record.reset()
    return bytes.subarray(text.length)
  }
}

/** The buffered beginning of a record, until its timestamp is complete. */
class RecordBegin {
  /** Whether the timestamp was read. All further bytes of the record are text. */
  hasTimestampRead = false
  timestamp: string | undefined
  #begin: Buffer = noBytes

  /**
   * Returns the text after the timestamp, or nothing while the timestamp is incomplete. A record without a timestamp is
   * all text.
   */
  push(bytes: Buffer, { isLast }: FramePiece): Buffer {
    const joined = this.#begin.length === 0 ? bytes : Buffer.concat([this.#begin, bytes])
    const space = joined.subarray(0, mostTimestampBytes).indexOf(32)
    if (space === -1 && joined.length < mostTimestampBytes && !isLast) {
      this.#begin = Buffer.from(joined)
      return noBytes
    }
    this.#begin = noBytes
    this.hasTimestampRead = true
    const text = space === -1 ? '' : joined.toString('latin1', 0, space)
    this.timestamp = timestampPattern.test(text) ? text : undefined
    return this.timestamp === undefined ? joined : joined.subarray(space + 1)
  }

  reset(): void {
    this.hasTimestampRead = false
    this.timestamp = undefined
  }
}

const noBytes: Buffer = Buffer.alloc(0)
const mostTimestampBytes = 40
const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
/** moby, `daemon/logger/copier.go`: `defaultBufSize`. */
const recordBytes = 16 * 1024
