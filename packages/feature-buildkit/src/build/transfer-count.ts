import type { BuildProgressEvent } from './build-progress-event.js'

/** Counts the bytes of one transfer and emits its progress every 250 ms; nothing for a shorter transfer. */
export class TransferCount implements Disposable {
  /** Set before the first byte, where the size is known. */
  totalBytes: number | undefined
  readonly #options: TransferOptions
  #currentBytes = 0
  #emittedBytes: number | undefined
  #stopTimer: (() => void) | undefined

  constructor(options: TransferOptions) {
    this.#options = options
  }

  /** Passes the bytes on and counts them. The transfer starts with the first chunk. */
  async *count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of source) {
      this.#begin()
      yield chunk
      this.#currentBytes += chunk.length
    }
  }

  /** Emits the end: the receiver has read everything. */
  finish(): void {
    this.#stopTimer?.()
    if (this.#emittedBytes !== undefined) this.#emit({ isDone: true })
  }

  /** Stops the events. */
  [Symbol.dispose](): void {
    this.#stopTimer?.()
  }

  #begin(): void {
    const { every = everyUnreferenced } = this.#options
    this.#stopTimer ??= every(betweenMs, () => {
      if (this.#emittedBytes !== this.#currentBytes) this.#emit({ isDone: false })
    })
  }

  #emit({ isDone }: { readonly isDone: boolean }): void {
    const { id, onEvents } = this.#options
    const currentBytes = this.#currentBytes
    this.#emittedBytes = currentBytes
    onEvents([{ type: 'transfer', id, currentBytes, totalBytes: this.#toTotal(isDone), isDone, at: new Date() }])
  }

  /** The given total is an estimate: it is raised to what was sent, and replaced by it at the end. */
  #toTotal(isDone: boolean): number | undefined {
    if (this.totalBytes === undefined) return undefined
    return isDone ? this.#currentBytes : Math.max(this.totalBytes, this.#currentBytes)
  }
}

/** Options of a {@link TransferCount}. */
export interface TransferOptions {
  readonly id: Extract<BuildProgressEvent, { type: 'transfer' }>['id']
  readonly onEvents: (events: readonly BuildProgressEvent[]) => void
  /** Calls `act` each `ms` until the function that it returns is called. Default: a timer that keeps no process alive. */
  readonly every?: (ms: number, act: () => void) => () => void
}

function everyUnreferenced(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms).unref()
  return () => clearInterval(timer)
}

const betweenMs = 250
