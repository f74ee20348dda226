import type { Io } from '../io.js'
import { toUsageError } from '../usage-error.js'
import { Interruption, type InterruptSignal } from './interruption.js'

/** Called with the first interruption, with the second, …, while a command minds them itself. */
export type InterruptHandler = (interruption: Interruption, count: number) => void

/**
 * SIGINT, SIGTERM, SIGHUP, and a reader of stdout that goes away.
 *
 * The first aborts `signal`, with the {@link Interruption} as its reason; a second, while the undoing goes on, ends the
 * process. A command that has something to stop politely holds them instead.
 */
export class Interrupts implements Disposable {
  readonly #io: Io
  readonly #aborter = new AbortController()
  readonly #listeners: readonly (readonly [InterruptSignal, () => void])[]
  readonly #onOutputError = (error: NodeJS.ErrnoException) => this.#readerLeft(error)
  #handler: InterruptHandler | undefined
  #count = 0

  constructor(io: Io) {
    this.#io = io
    this.#listeners = signals.map((signal) => [signal, () => this.#interrupt(signal)] as const)
    for (const [signal, listener] of this.#listeners) io.signals.on(signal, listener)
    io.stdout.on('error', this.#onOutputError)
    io.stderr.on('error', ignoreError)
  }

  get signal(): AbortSignal {
    return this.#aborter.signal
  }

  /** Leaves all that come to `handler` until the answer is disposed of, or it calls {@link leave}. */
  hold(handler: InterruptHandler): Disposable {
    this.#handler = handler
    this.#count = 0
    return {
      [Symbol.dispose]: () => {
        this.#handler = undefined
      },
    }
  }

  /** Gives up, for whoever holds them: aborts `signal`, and the next interruption ends the process. */
  leave(reason: unknown): void {
    this.#handler = undefined
    this.#aborter.abort(reason)
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) this.#io.signals.off(signal, listener)
    // The listeners for errors stay: a late EPIPE is still no reason to crash.
  }

  #interrupt(signal: InterruptSignal): void {
    const interruption = new Interruption(signal)
    this.#count += 1
    if (this.#handler !== undefined) this.#handler(interruption, this.#count)
    else if (this.#aborter.signal.aborted) this.#io.exit(interruption.exitCode)
    else this.#aborter.abort(interruption)
  }

  #readerLeft(error: NodeJS.ErrnoException): void {
    // Any other error too means that nobody sees what is written: a full disk, a terminal that is gone.
    if (!this.#aborter.signal.aborted || this.#handler !== undefined) {
      if (error.code === 'EPIPE') this.#interrupt('SIGPIPE')
      else this.#aborter.abort(toUsageError('stdout cannot be written to', error))
    }
  }
}

function ignoreError(): void {}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
