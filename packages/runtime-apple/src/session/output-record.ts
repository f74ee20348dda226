import type { OutputChunk } from '@capstan/core'
export interface ReadOptions {
  /** From the first byte of all, or only what comes from now on. */
  readonly from: 'start' | 'now'
  readonly signal: AbortSignal
  /** What is written waits for this reader, instead of passing it by. */
  readonly isPaced?: boolean
  /** Ends at what has come by now. */
  readonly hasEnd?: boolean
}

/** A reader that is not paced was slower than the output, and lost some of it. */
export class OutputLostError extends Error {}

/**
 * What a program has printed, for any number of readers, each at its own speed.
 *
 * The last megabytes are kept. A paced reader that is behind holds the program up; any other one that falls further
 * behind than what is kept fails.
 */
export class OutputRecord {
  readonly #keptBytes: number
  readonly #chunks: (OutputChunk & { readonly begin: number })[] = []
  readonly #readers = new Set<{ index: number; readonly isPaced: boolean }>()
  #first = 0
  #bytes = 0
  /** How many bytes have ever come. */
  #end = 0
  #hasEnded = false
  #change = createChange()

  constructor({ keptBytes = 4 * 1024 * 1024 }: { readonly keptBytes?: number } = {}) {
    this.#keptBytes = keptBytes
  }

  /** Whether all is still there, from the first byte. */
  get isWhole(): boolean {
    return this.#first === 0
  }

  /** All that is kept, in order of arrival. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks.map(({ bytes }) => bytes))
  }

  /** Resolves when there is room for more. */
  async push(chunk: OutputChunk): Promise<void> {
    this.#chunks.push({ ...chunk, begin: this.#end })
    this.#bytes += chunk.bytes.length
    this.#end += chunk.bytes.length
    while (this.#bytes > this.#keptBytes && this.#chunks.length > 1) {
      this.#bytes -= this.#chunks.shift()?.bytes.length ?? 0
      this.#first += 1
    }
    this.#tell()
    while (this.#isHeldUp()) await this.#change.promise
  }

  end(): void {
    this.#hasEnded = true
    this.#tell()
  }

  /** Where reading begins is settled at the call, not at the first step. */
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
          if (reader.isPaced) this.#tell()
        } else if (this.#hasEnded) return
        else await this.#untilChange(signal)
      }
    } finally {
      this.#readers.delete(reader)
      this.#tell()
    }
  }

  #isHeldUp(): boolean {
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

  #tell(): void {
    const { tell } = this.#change
    this.#change = createChange()
    tell()
  }
}

interface Reader {
  index: number
  readonly isPaced: boolean
}

function createChange() {
  let tell: () => void = () => {}
  const promise = new Promise<void>((resolve) => {
    tell = resolve
  })
  return { promise, tell }
}
