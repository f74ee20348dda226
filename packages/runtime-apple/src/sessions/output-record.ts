import { EventEmitter, once } from 'node:events'
import type { OutputChunk } from '@capstan/core/plugin'

/** How a reader reads the output. */
export interface ReadOptions {
  /** `start`: from the first byte. `now`: only what is written from now on. */
  readonly from: 'start' | 'now'
  readonly signal: AbortSignal
  /** Whether the writer waits when this reader falls behind. Default false. */
  readonly blocksWriter?: boolean
  /** Whether to end after the output that is recorded now. Default false. */
  readonly recordedOnly?: boolean
}

/** A reader that does not block the writer was slower than the output, and some of it was dropped. */
export class OutputLostError extends Error {}

/**
 * The output of a program, for any number of readers, each at its own speed.
 *
 * The last 4 MiB are kept. A reader with `blocksWriter` that falls behind blocks the program. Any other reader that falls
 * further behind than the kept bytes fails.
 */
export class OutputRecord {
  readonly #keptBytes: number
  readonly #chunks: (OutputChunk & { readonly offset: number })[] = []
  readonly #readers = new Set<Reader>()
  /** Emits `change` after a write, after a read that may unblock the writer, and at the end. */
  readonly #events = new EventEmitter().setMaxListeners(0)
  #droppedChunks = 0
  #writtenBytes = 0
  #hasEnded = false

  constructor({ keptBytes = 4 * 1024 * 1024 }: { readonly keptBytes?: number } = {}) {
    this.#keptBytes = keptBytes
  }

  /** Whether no output was dropped. */
  get isComplete(): boolean {
    return this.#droppedChunks === 0
  }

  /** All kept bytes, in order of arrival. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks.map(({ bytes }) => bytes))
  }

  /** Resolves when more can be written. */
  async push(chunk: OutputChunk): Promise<void> {
    this.#chunks.push({ ...chunk, offset: this.#writtenBytes })
    this.#writtenBytes += chunk.bytes.length
    while (this.#countBytesFrom(this.#droppedChunks) > this.#keptBytes && this.#chunks.length > 1) {
      this.#chunks.shift()
      this.#droppedChunks += 1
    }
    this.#events.emit('change')
    while (this.#isBlocked()) await once(this.#events, 'change')
  }

  end(): void {
    this.#hasEnded = true
    this.#events.emit('change')
  }

  /** The position is fixed at the call, not at the first read. */
  read({ from, signal, blocksWriter = false, recordedOnly = false }: ReadOptions): AsyncGenerator<OutputChunk> {
    const end = this.#droppedChunks + this.#chunks.length
    const reader = { index: from === 'start' ? 0 : end, blocksWriter }
    this.#readers.add(reader)
    return this.#readChunks(reader, signal, recordedOnly ? end : Number.POSITIVE_INFINITY)
  }

  async *#readChunks(reader: Reader, signal: AbortSignal, end: number): AsyncGenerator<OutputChunk> {
    try {
      while (reader.index < end) {
        signal.throwIfAborted()
        if (reader.index < this.#droppedChunks) throw new OutputLostError('the reader was too slow')
        const chunk = this.#chunks[reader.index - this.#droppedChunks]
        if (chunk !== undefined) {
          yield chunk
          reader.index += 1
          if (reader.blocksWriter) this.#events.emit('change')
        } else if (this.#hasEnded) return
        else await once(this.#events, 'change', { signal }).catch(() => {}) // After an abort the loop throws its reason.
      }
    } finally {
      this.#readers.delete(reader)
      this.#events.emit('change')
    }
  }

  #isBlocked(): boolean {
    const blocking = [...this.#readers].filter(({ blocksWriter }) => blocksWriter)
    return blocking.some(({ index }) => this.#countBytesFrom(index) > this.#keptBytes / 4)
  }

  /** The kept bytes from the chunk with this index on. */
  #countBytesFrom(index: number): number {
    const first = this.#chunks[Math.max(0, index - this.#droppedChunks)]
    return first === undefined ? 0 : this.#writtenBytes - first.offset
  }
}

interface Reader {
  /** The number of chunks before the next one to read, with those that were dropped. */
  index: number
  readonly blocksWriter: boolean
}
