import type { Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'

/** The end of a process, with its output. An exit code other than 0 is a result and not an error. */
export interface EndResult {
  readonly exitCode: number
  /** All output of a process with a terminal. Bytes that are not UTF-8 become U+FFFD. */
  readonly stdout: string
  /** Empty for a process with a terminal. */
  readonly stderr: string
  /** Stdout and stderr, in the order in which this process received them. */
  readonly output: string
  /** Whether output was discarded because of `maxOutputBytes`. */
  readonly isTruncated: boolean
  /** The time from the start of the process until its end, in milliseconds. */
  readonly durationMs: number
}

/** Options of `runToEnd` and `execToEnd`. */
export interface EndOptions extends OperationOptions {
  /**
   * The most bytes of output to keep, of stdout and stderr together. The process can write more, which is read and
   * discarded. Default 16 MiB.
   */
  readonly maxOutputBytes?: number
  /** The part to keep of a longer output. Default `start`. */
  readonly keep?: 'start' | 'end'
  /** The limit from the call until the end of the process, in milliseconds. Default: none. */
  readonly timeoutMs?: number
  /** The input of the process. Default: it reads end-of-file. A stream is not closed. */
  readonly input?: string | Uint8Array | Readable
}
