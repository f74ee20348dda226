import type { OutputChunk } from '@capstan/core/plugin'

/** How a reader reads the output. */
export interface ReadOptions {
  /** `start`: from the first byte. `now`: only what is written from now on. */
  readonly from: 'start' | 'now'
  readonly signal: AbortSignal
  /** The writer waits for this reader. Default false. */
  readonly isPaced?: boolean
  /** Ends after the output that is recorded now. Default false. */
  readonly hasEnd?: boolean
}

/** A reader without back-pressure was slower than the output, and some of it was dropped. */
export class OutputLostError extends Error {}

/**
 * The output of a program, for any number of readers, each at its own speed.
 *
 * The last 4 MiB are kept. A paced reader that falls behind blocks the program. Any other reader that falls further behind
 * than the kept bytes fails.
 */
export class OutputRecord {
  readonly #keptBytes: number
  readonly #chunks: (OutputChunk & { readonly begin: number })[] = []
  readonly #readers = new Set<{ index: number; readonly isPaced: boolean }>()
  #first = 0
  #bytes = 0
  /** The number of bytes ever written. */
  #end = 0
  #hasEnded = false
  #change = createChange()

  constructor({ keptBytes = 4 * 1024 * 1024 }: { readonly keptBytes?: number } = {}) {
    this.#keptBytes = keptBytes
  }

  /** Whether the output is complete from the first byte. */
  get isWhole(): boolean {
    return this.#first === 0
  }

  /** All kept bytes, in order of arrival. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks.map(({ bytes }) => bytes))
  }

  /** Resolves when more can be written. */
  async push(chunk: OutputChunk): Promise<void> {
    this.#chunks.push({ ...chunk, begin: this.#end })
    this.#bytes += chunk.bytes.length
    this.#end += chunk.bytes.length
    while (this.#bytes > this.#keptBytes && this.#chunks.length > 1) {
      this.#bytes -= this.#chunks.shift()?.bytes.length ?? 0
      this.#first += 1
    }
    this.#notify()
    while (this.#isBlocked()) await this.#change.promise
  }

  end(): void {
    this.#hasEnded = true
    this.#notify()
  }

  /** The position is fixed at the call, not at the first read. */
  read({ from, signal, isPaced = false, hasEnd = false }: ReadOptions): AsyncGenerator<OutputChunk> {
    const end = this.#first + this.#chunks.length
    const reader = { index: from === 'start' ? 0 : end, isPaced }
    this.#readers.add(reader)
    return this.#readOn(reader, signal, hasEnd ? end : Number.POSITIVE_INFINITY)
  }

  async *#readOn(reader: Reader, signal: AbortSignal, end: number): AsyncGenerator<OutputChunk> {
    try {
      while (reader.index < end) {
        signal.throwIfAborted()
        if (reader.index < this.#first) throw new OutputLostError('the reader was too slow')
        const chunk = this.#chunks[reader.index - this.#first]
        if (chunk !== undefined) {
          yield chunk
          reader.index += 1
          if (reader.isPaced) this.#notify()
        } else if (this.#hasEnded) return
        else await this.#untilChange(signal)
      }
    } finally {
      this.#readers.delete(reader)
      this.#notify()
    }
  }

  #isBlocked(): boolean {
    const paced = [...this.#readers].filter(({ isPaced }) => isPaced)
    return paced.some(({ index }) => this.#bytesFrom(index) > this.#keptBytes / 4)
  }

  #bytesFrom(index: number): number {
    const unread = this.#chunks[Math.max(0, index - this.#first)]
    return unread === undefined ? 0 : this.#end - unread.begin
  }

  async #untilChange(signal: AbortSignal): Promise<void> {
    let stop: () => void = () => {}
    const aborted = new Promise<void>((resolve) => {
      stop = resolve
      signal.addEventListener('abort', stop, { once: true })
    })
    await Promise.race([this.#change.promise, aborted])
    signal.removeEventListener('abort', stop)
  }

  #notify(): void {
    const { notify } = this.#change
    this.#change = createChange()
    notify()
  }
}

interface Reader {
  index: number
  readonly isPaced: boolean
}

function createChange() {
  let notify: () => void = () => {}
  const promise = new Promise<void>((resolve) => {
    notify = resolve
  })
  return { promise, notify }
}
