import type { FramePiece, FrameSource } from '../../engine/streams/frame-parser.js'

/** A piece of a log without its timestamp. A record that arrives in pieces has the same one on each. */
export type StampedSink = (source: FrameSource, bytes: Buffer, timestamp: string | undefined) => void

/**
 * Takes the timestamp off each record: what precedes its first space.
 *
 * The engine puts one before each record, and a frame is a record; a line longer than 16 KiB is several.
 */
export class FrameTimestamps {
  readonly #sink: StampedSink
  readonly #records = { stdout: new RecordBegin(), stderr: new RecordBegin() }
  #last: string | undefined

  constructor(sink: StampedSink) {
    this.#sink = sink
  }

  /** The last one seen, whichever stream it was on. */
  get last(): string | undefined {
    return this.#last
  }

  push(source: FrameSource, bytes: Buffer, { isLast }: FramePiece): void {
    const record = this.#records[source]
    const text = record.isOpen ? bytes : record.push(bytes, { isLast })
    this.#last = record.timestamp ?? this.#last
    if (text.length > 0) this.#sink(source, text, record.timestamp)
    if (isLast) record.reset()
  }
}

/**
 * The same for the raw stream of a terminal, which has no frames: a record begins at a line's begin, and after 16 KiB of
 * a line, where another timestamp stands.
 */
export class LineTimestamps {
  readonly #sink: StampedSink
  readonly #record = new RecordBegin()
  #recordLength = 0
  #last: string | undefined

  constructor(sink: StampedSink) {
    this.#sink = sink
  }

  get last(): string | undefined {
    return this.#last
  }

  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) rest = this.#record.isOpen ? this.#takeText(rest) : this.#takeBegin(rest)
  }

  /** Hands out what could have been the begin of a record, and is the end of all. */
  end(): void {
    const rest = this.#record.push(noBytes, { isLast: true })
    if (rest.length > 0) this.#sink('stdout', rest, this.#record.timestamp)
  }

  #takeBegin(bytes: Buffer): Buffer {
    const text = this.#record.push(bytes, { isLast: false })
    this.#last = this.#record.timestamp ?? this.#last
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

/** The begin of one record, until it is known where its text begins. */
class RecordBegin {
  isOpen = false
  timestamp: string | undefined
  #begin: Buffer = noBytes

  /** The text after the timestamp; nothing while that is not whole. A record without one is all text. */
  push(bytes: Buffer, { isLast }: FramePiece): Buffer {
    const joined = this.#begin.length === 0 ? bytes : Buffer.concat([this.#begin, bytes])
    const space = joined.subarray(0, mostTimestampBytes).indexOf(32)
    if (space === -1 && joined.length < mostTimestampBytes && !isLast) {
      this.#begin = Buffer.from(joined)
      return noBytes
    }
    this.#begin = noBytes
    this.isOpen = true
    const text = space === -1 ? '' : joined.toString('latin1', 0, space)
    this.timestamp = timestampPattern.test(text) ? text : undefined
    return this.timestamp === undefined ? joined : joined.subarray(space + 1)
  }

  reset(): void {
    this.isOpen = false
    this.timestamp = undefined
  }
}

const noBytes: Buffer = Buffer.alloc(0)
const mostTimestampBytes = 40
const timestampPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
/** moby, `daemon/logger/copier.go`: `defaultBufSize`. */
const recordBytes = 16 * 1024
