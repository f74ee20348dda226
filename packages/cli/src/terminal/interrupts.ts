import { toFileError } from '../errors/cli-error.js'
import { Interruption, type InterruptSignal } from '../errors/interruption.js'
import type { Io } from './io.js'

/** Receives each interruption, with its number from 1, while a command handles them itself. */
export type InterruptHandler = (interruption: Interruption, count: number) => void

/**
 * Handles SIGINT, SIGTERM, SIGHUP, and a stdout that its reader has closed (EPIPE).
 *
 * The first one aborts `signal` with the {@link Interruption} as its reason. A second one exits the process, even during the
 * cleanup. A command that stops something gracefully handles them itself by {@link handle}.
 */
export class Interrupts implements Disposable {
  readonly #io: Io
  readonly #aborter = new AbortController()
  readonly #listeners: readonly (readonly [InterruptSignal, () => void])[]
  readonly #onOutputError = (error: NodeJS.ErrnoException) => this.#handleOutputError(error)
  #handler: InterruptHandler | undefined
  #count = 0

  constructor(io: Io) {
    this.#io = io
    this.#listeners = signals.map((signal) => [signal, () => this.#interrupt(signal)] as const)
    for (const [signal, listener] of this.#listeners) io.signals.on(signal, listener)
    io.stdout.on('error', this.#onOutputError)
    io.stderr.on('error', () => undefined)
  }

  get signal(): AbortSignal {
    return this.#aborter.signal
  }

  /** Passes all interruptions to `handler` until the result is disposed of, or {@link abort} is called. */
  handle(handler: InterruptHandler): Disposable {
    this.#handler = handler
    this.#count = 0
    return {
      [Symbol.dispose]: () => {
        this.#handler = undefined
      },
    }
  }

  /** Aborts `signal` and removes the handler: the next interruption exits the process. */
  abort(reason: unknown): void {
    this.#handler = undefined
    this.#aborter.abort(reason)
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) this.#io.signals.off(signal, listener)
    // The listeners for errors remain: without one, a late EPIPE would crash the process.
  }

  #interrupt(signal: InterruptSignal): void {
    const interruption = new Interruption(signal)
    this.#count += 1
    if (this.#handler !== undefined) this.#handler(interruption, this.#count)
    else if (this.#aborter.signal.aborted) this.#io.exit(interruption.exitCode)
    else this.#aborter.abort(interruption)
  }

  #handleOutputError(error: NodeJS.ErrnoException): void {
    // Other errors, such as a full disk, mean that the output is lost.
    if (!this.#aborter.signal.aborted || this.#handler !== undefined) {
      if (error.code === 'EPIPE') this.#interrupt('SIGPIPE')
      else this.#aborter.abort(toFileError('stdout cannot be written to', error))
    }
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
