import type { OperationOptions } from '../operation.js'

/** Options of `containerLogs`; default: both streams, all there is, no follow. */
export interface LogOptions extends OperationOptions {
  readonly follow?: boolean
  /** A moment, or its RFC 3339 text (nanoseconds are kept). */
  readonly since?: Date | string
  readonly tailLines?: number
  readonly timestamps?: boolean
  readonly stdout?: boolean
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
