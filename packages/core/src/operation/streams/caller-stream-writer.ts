import type { Writable } from 'node:stream'
import type { OperationNames } from '../operation-scope.js'
import { toStreamFailure } from './stream-failure.js'

/** Writes to a stream of the caller with back-pressure, and does not end it. */
export class CallerStreamWriter {
  readonly #stream: Writable
  readonly #call: OperationNames
  readonly #onError = (error: unknown) => {
    this.#hasEmittedError = true
    this.#fail(error)
  }
  readonly #wake = () => {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }
  /** A function for each call of `waitForDrain` and `waitForWrites` that waits. */
  readonly #waiting = new Set<() => void>()
  #hasEmittedError = false
  #failure: { readonly error: unknown } | undefined
  /** The number of writes whose callback has not been called. */
  #pending = 0

  /** `call` is the operation that errors name. */
  constructor(stream: Writable, call: OperationNames) {
    this.#stream = stream
    this.#call = call
    // An `error` event without a listener would end the process.
    stream.on('error', this.#onError).on('close', this.#wake).on('drain', this.#wake)
  }

  /** @throws HostError OPERATION_FAILED when the stream has failed or is closed */
  write(bytes: Uint8Array): void {
    this.#throwIfBroken()
    this.#pending += 1
    this.#stream.write(bytes, (error) => {
      this.#pending -= 1
      if (error) this.#fail(error)
      else this.#wake()
    })
  }

  /** Whether the stream has failed or is closed, so that `write` would throw. */
  get isBroken(): boolean {
    return this.#failure !== undefined || this.#stream.destroyed || this.#stream.writableEnded
  }

  /** Resolves when the buffer of the stream has room again. */
  waitForDrain(signal: AbortSignal | undefined): Promise<void> {
    return this.#until(() => !this.#stream.writableNeedDrain, signal)
  }

  /** Resolves when the stream has processed all writes. */
  waitForWrites(signal: AbortSignal | undefined): Promise<void> {
    return this.#until(() => this.#pending === 0, signal)
  }

  /** Removes all listeners. */
  release(): void {
    this.#stream.off('error', this.#onError).off('close', this.#wake).off('drain', this.#wake)
    // A file stream emits the error of a failed write after it is closed.
    if (this.#failure !== undefined && !this.#hasEmittedError) this.#stream.once('error', () => {})
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  async #until(isReached: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    signal?.addEventListener('abort', this.#wake)
    try {
      while (!isReached()) {
        signal?.throwIfAborted()
        this.#throwIfBroken()
        await new Promise<void>((resolve) => this.#waiting.add(resolve))
      }
      if (this.#failure !== undefined) this.#throwIfBroken()
    } finally {
      signal?.removeEventListener('abort', this.#wake)
    }
  }

  #throwIfBroken(): void {
    if (this.isBroken) throw toStreamFailure(this.#call, 'output', this.#failure?.error ?? this.#stream.errored)
  }
}
