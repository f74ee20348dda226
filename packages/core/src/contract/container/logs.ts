import type { OperationOptions } from '../operation.js'

/** Options of `containerLogs`. */
export interface LogOptions extends OperationOptions {
  /** Also yields output that is written later, until the container stops. Default false. */
  readonly follow?: boolean
  /** Yields only output since this time: a Date, or an RFC 3339 text with up to nanoseconds. Default: all output. */
  readonly since?: Date | string
  /** Yields only this number of the last existing lines; 0 yields none of them. Default: all. */
  readonly tailLines?: number
  /** Adds a `timestamp` to each chunk. Default false. */
  readonly timestamps?: boolean
  /** Includes stdout. Default true. At least one of `stdout` and `stderr` must be true. */
  readonly stdout?: boolean
  /** Includes stderr. Default true. */
  readonly stderr?: boolean
}

/** A piece of a container's output. */
export interface LogChunk {
  /** `combined`: the container has a terminal, or the runtime does not keep the streams apart. */
  readonly source: 'stdout' | 'stderr' | 'combined'
  readonly bytes: Uint8Array
  /** RFC 3339 with nanoseconds; present with `timestamps: true`. */
  readonly timestamp?: string
}

/**
 * The chunks of a container's log, in order of arrival. Can be iterated only once, and reads no faster than the consumer
 * iterates. Leaving the loop and disposing close the connection.
 */
export interface LogStream extends AsyncIterable<LogChunk>, AsyncDisposable {}
