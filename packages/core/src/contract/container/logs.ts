import type { OperationOptions } from '../operation.js'

/** Options of `containerLogs`. */
export interface LogOptions extends OperationOptions {
  /** Goes on with what is printed later, until the program ends. Default false. */
  readonly follow?: boolean
  /** A moment, or its RFC 3339 text (nanoseconds are kept). */
  readonly since?: Date | string
  /** The last lines alone; 0: nothing of before. Default: all there is. */
  readonly tailLines?: number
  /** Whether chunks have a `timestamp`. Default false. */
  readonly timestamps?: boolean
  /** Default true. */
  readonly stdout?: boolean
  /** Default true. */
  readonly stderr?: boolean
}

/** `combined`: a terminal, or a runtime that keeps one stream only. `timestamp`: RFC 3339 with nanoseconds, when asked for. */
export interface LogChunk {
  readonly source: 'stdout' | 'stderr' | 'combined'
  readonly bytes: Uint8Array
  readonly timestamp?: string
}

/** Read once, in order of arrival; reads no faster than it is read; leaving the loop or disposing closes the connection. */
export interface LogStream extends AsyncIterable<LogChunk>, AsyncDisposable {}
