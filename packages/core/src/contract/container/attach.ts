import type { Readable, Writable } from 'node:stream'
import type { OperationOptions } from '../operation.js'

/** The size of a terminal, in character cells: 1 to 65535 each. */
export interface TerminalSize {
  readonly height: number
  readonly width: number
}

/**
 * Options of `attach` and `startAttached`. Capstan never closes the streams.
 *
 * When `stdin` ends, the stdin of the process ends and its output continues. Without a terminal, its stdin is closed.
 * With a terminal, end-of-transmission (Ctrl-D) is sent, once at the start of a line and otherwise twice, and again
 * after 200 ms, 400 ms and so on until the process ends.
 */
export interface AttachOptions extends OperationOptions {
  /** Default: the process gets no input from this call. */
  readonly stdin?: Readable
  /** Gets all output of a process with a terminal. Default: the output is read and discarded. */
  readonly stdout?: Writable
  /** Not used with a terminal. Default: the output is read and discarded. */
  readonly stderr?: Writable
  /**
   * The size of the terminal; ignored without one. `startAttached` sets it at the start, `attach` after it is attached. On
   * Docker it is set right after the start, so a program may read the engine's size first. Default: the engine's.
   */
  readonly initialSize?: TerminalSize
}
