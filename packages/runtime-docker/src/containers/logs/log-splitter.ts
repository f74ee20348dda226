import type { LogChunk } from '@capstan/core'
import { FrameParser } from '../../engine/streams/frame-parser.js'
import type { LogFilter } from './log-position.js'
import { FrameTimestamps, LineTimestamps, type StampedSink } from './log-timestamps.js'

/**
 * Converts the bytes of a log stream to chunks, without I/O. `end` detects an incomplete stream. Both yield the chunks
 * before an error, and then throw it.
 */
export interface LogSplitter {
  push(chunk: Buffer): Iterable<LogChunk>
  end(): Iterable<LogChunk>
  /** The last timestamp, if the engine sends timestamps. */
  readonly lastTimestamp: string | undefined
}

/**
 * Creates a splitter. `hasTimestamps`: the records have timestamps; `reportsTimestamps`: the chunks have timestamps;
 * `filter`: selects the bytes to pass on, default all.
 */
export function createLogSplitter({ isTerminal, hasTimestamps, reportsTimestamps, filter }: LogFormat): LogSplitter {
  const chunks: LogChunk[] = []
  const emit: StampedSink = (source, record, timestamp) => {
    const bytes = filter === undefined ? record : filter.pass(source, record, timestamp)
    if (bytes.length === 0) return
    const stamped = reportsTimestamps && timestamp !== undefined ? { timestamp } : {}
    chunks.push({ source: isTerminal ? 'combined' : source, bytes, ...stamped })
  }
  const reader = (isTerminal ? createTerminalReader : createFrameReader)(emit, { hasTimestamps })
  function* collect(read: () => void): Iterable<LogChunk> {
    try {
      read()
    } finally {
      yield* chunks.splice(0)
    }
  }
  return {
    push: (chunk) => collect(() => reader.push(chunk)),
    end: () => collect(() => reader.end()),
    get lastTimestamp() {
      return reader.timestamps?.last
    },
  }
}

export interface LogFormat {
  readonly isTerminal: boolean
  readonly hasTimestamps: boolean
  readonly reportsTimestamps: boolean
  readonly filter?: LogFilter | undefined
}

interface LogReader {
  push(chunk: Buffer): void
  end(): void
  readonly timestamps: { readonly last: string | undefined } | undefined
}

function createFrameReader(emit: StampedSink, { hasTimestamps }: Pick<LogFormat, 'hasTimestamps'>): LogReader {
  if (!hasTimestamps) {
    const parser = new FrameParser((source, bytes) => emit(source, bytes, undefined), { joins: true })
    return { push: (chunk) => parser.push(chunk), end: () => parser.end(), timestamps: undefined }
  }
  const timestamps = new FrameTimestamps(emit)
  const parser = new FrameParser((source, bytes, piece) => timestamps.push(source, bytes, piece))
  return { push: (chunk) => parser.push(chunk), end: () => parser.end(), timestamps }
}

function createTerminalReader(emit: StampedSink, { hasTimestamps }: Pick<LogFormat, 'hasTimestamps'>): LogReader {
  if (!hasTimestamps) return { push: (chunk) => emit('stdout', chunk, undefined), end() {}, timestamps: undefined }
  const timestamps = new LineTimestamps(emit)
  return { push: (chunk) => timestamps.push(chunk), end: () => timestamps.end(), timestamps }
}
