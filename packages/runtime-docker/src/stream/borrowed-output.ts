import type { Writable } from 'node:stream'

/** One of the caller's streams for output: written to, waited for, never ended. */
export class BorrowedOutput {
  readonly #stream: Writable
  readonly #hear = (error: unknown) => {
    this.#isHeard = true
    this.#fail(error)
  }
  readonly #close = () => this.#wake()
  /** Whether its `error` event has come. */
  #isHeard = false
  #failure: { readonly error: unknown } | undefined
  /** Writes that the stream has not dealt with. */
  #pending = 0
  #wake: () => void = () => {}

  constructor(stream: Writable) {
    this.#stream = stream
    // An error that nobody hears would end the process, which is not for us to let happen.
    stream.on('error', this.#hear).on('close', this.#close).on('drain', this.#close)
  }

  /** @throws DestinationError when the stream takes no more. */
  write(bytes: Buffer): void {
    this.#throwIfBroken()
    this.#pending += 1
    this.#stream.write(bytes, (error) => {
      this.#pending -= 1
      if (error) this.#fail(error)
      else this.#wake()
    })
  }

  /** Whether it has taken more than it can hold. */
  get isFull(): boolean {
    return this.#stream.writableNeedDrain
  }

  /** Resolves when it can take more. */
  drained(signal: AbortSignal | undefined): Promise<void> {
    return this.#until(() => !this.isFull, signal)
  }

  /** Resolves when it has dealt with all that was written. */
  flushed(signal: AbortSignal | undefined): Promise<void> {
    return this.#until(() => this.#pending === 0, signal)
  }

  /** Takes every listener off. */
  release(): void {
    this.#stream.off('error', this.#hear).off('close', this.#close).off('drain', this.#close)
    // A file is closed first, and tells of its failed write then.
    if (this.#failure !== undefined && !this.#isHeard) this.#stream.once('error', () => {})
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  async #until(isReached: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const wake = () => this.#wake()
    signal?.addEventListener('abort', wake)
    try {
      while (!isReached()) {
        signal?.throwIfAborted()
        this.#throwIfBroken()
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      this.#throwIfFailed()
    } finally {
      signal?.removeEventListener('abort', wake)
    }
  }

  #throwIfBroken(): void {
    this.#throwIfFailed()
    if (this.#stream.destroyed || this.#stream.writableEnded) throw new DestinationError(this.#stream.errored)
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw new DestinationError(this.#failure.error)
  }
}

/** The caller's own stream failed: not the engine's fault. */
export class DestinationError extends Error {
  constructor(cause: unknown) {
    super(`the stream for the output has failed${cause instanceof Error ? `: ${cause.message}` : ' or is closed'}`, {
      cause,
    })
  }
}
