import type { BuildProgressEvent } from './build-progress-event.js'
import type { BuildEventListener } from './buildkit-build.js'

/** Counts the bytes of one transfer, and emits its progress every 250 ms. A shorter transfer has no events. */
export class TransferProgress implements Disposable {
  /** Set before the first byte if the size is known. */
  totalBytes: number | undefined
  readonly #options: TransferOptions
  #currentBytes = 0
  #emittedBytes: number | undefined
  #stopTimer: (() => void) | undefined

  constructor(options: TransferOptions) {
    this.#options = options
  }

  /** Passes the bytes on and counts them. The transfer starts with the first chunk. */
  async *countBytes(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of source) {
      this.#begin()
      yield chunk
      this.#currentBytes += chunk.length
    }
  }

  /** Counts bytes that were sent. The transfer starts with the first call. */
  add(bytes: number): void {
    this.#begin()
    this.#currentBytes += bytes
  }

  /** Emits the end: the receiver has read everything. Bytes that follow begin another transfer. */
  finish(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    if (this.#emittedBytes !== undefined) this.#emit({ isDone: true })
    this.#emittedBytes = undefined
    this.#currentBytes = 0
  }

  /** Stops the events. */
  [Symbol.dispose](): void {
    this.#stopTimer?.()
  }

  #begin(): void {
    const { every = everyUnreferenced } = this.#options
    this.#stopTimer ??= every(intervalMs, () => {
      if (this.#emittedBytes !== this.#currentBytes) this.#emit({ isDone: false })
    })
  }

  #emit({ isDone }: { readonly isDone: boolean }): void {
    const { id, onEvents } = this.#options
    const currentBytes = this.#currentBytes
    this.#emittedBytes = currentBytes
    // The given total is an estimate. It is raised to the bytes sent, and replaced by them at the end.
    const estimate = isDone ? currentBytes : Math.max(this.totalBytes ?? 0, currentBytes)
    const totalBytes = this.totalBytes === undefined ? undefined : estimate
    onEvents([{ type: 'transfer', id, currentBytes, totalBytes, isDone, at: new Date() }])
  }
}

/** Options of a {@link TransferProgress}. */
export interface TransferOptions {
  readonly id: Extract<BuildProgressEvent, { type: 'transfer' }>['id']
  readonly onEvents: BuildEventListener
  /** Calls `act` every `ms` milliseconds until the returned function is called. Default: an unreferenced timer. */
  readonly every?: (ms: number, act: () => void) => () => void
}

function everyUnreferenced(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms).unref()
  return () => clearInterval(timer)
}

const intervalMs = 250
