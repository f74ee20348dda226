import type { Readable, Writable } from 'node:stream'
import type { OperationOptions } from '../operation.js'

/** Size of a terminal in cells, 1…65535 each. */
export interface TerminalSize {
  readonly height: number
  readonly width: number
}

/**
 * Capstan never closes these streams. The end of `stdin` ends the process's stdin, and its output continues: without a
 * terminal stdin is closed, at a terminal end-of-transmission (Ctrl-D) is sent, twice where a line has been started,
 * and again at growing intervals until the process ends.
 */
export interface AttachOptions extends OperationOptions {
  readonly stdin?: Readable
  readonly stdout?: Writable
  /** Unused with a terminal. */
  readonly stderr?: Writable
  /**
   * The size of the terminal, where there is one. `startAttached` sets it at the start (on Docker right after it: a program
   * may see the engine's size first), `attach` when it has joined. Default: the engine's.
   */
  readonly initialSize?: TerminalSize
}
