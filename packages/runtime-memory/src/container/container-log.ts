import { EventEmitter } from 'node:events'
import type { LogChunk } from '@capstan/core'
import type { MemoryClock } from '../memory-clock.js'

/** A piece of output, of one line at most; `startsLine` unless it goes on where the last of its source stopped. */
export interface LogRecord {
  readonly source: LogChunk['source']
  readonly bytes: Uint8Array
  readonly nanoseconds: bigint
  readonly startsLine: boolean
}

/**
 * What a container has written, in order of arrival. The oldest goes when it holds more than its limit.
 *
 * Positions count from the first record ever, so that a reader knows when what it wanted is gone.
 */
export class ContainerLog {
  readonly #clock: MemoryClock
  readonly #limitBytes: number
  readonly #records: LogRecord[] = []
  readonly #openLines = new Set<string>()
  readonly #changed = new EventEmitter().setMaxListeners(0)
  #dropped = 0
  #bytes = 0

  constructor(clock: MemoryClock, limitBytes: number) {
    this.#clock = clock
    this.#limitBytes = limitBytes
  }

  /** The first position that is still there, and the one after the last. */
  get start(): number {
    return this.#dropped
  }

  get end(): number {
    return this.#dropped + this.#records.length
  }

  at(position: number): LogRecord | undefined {
    return this.#records[position - this.#dropped]
  }

  append(source: LogChunk['source'], bytes: Uint8Array): void {
    for (const piece of toPieces(bytes)) this.#add(source, piece)
    this.wake()
  }

  /** Has those who follow look again. */
  wake(): void {
    this.#changed.emit('change')
  }

  /** Calls back on the next change, until the function that it returns is called. */
  onChange(listener: () => void): () => void {
    this.#changed.on('change', listener)
    return () => void this.#changed.off('change', listener)
  }

  #add(source: LogChunk['source'], bytes: Uint8Array): void {
    const startsLine = !this.#openLines.has(source)
    if (bytes.at(-1) === newline) this.#openLines.delete(source)
    else this.#openLines.add(source)
    this.#records.push({ source, bytes, nanoseconds: this.#clock.now(), startsLine })
    this.#bytes += bytes.length
    while (this.#bytes > this.#limitBytes && this.#records.length > 1) this.#drop()
  }

  #drop(): void {
    this.#bytes -= this.#records.shift()?.bytes.length ?? 0
    this.#dropped += 1
  }
}

/** Cut after each line end and at 16 KiB, as a real engine keeps log lines. */
function* toPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(newline, at)
    const end = Math.min(lineEnd === -1 ? bytes.length : lineEnd + 1, at + longestPiece)
    yield bytes.subarray(at, end)
    at = end
  }
}

const newline = 10
const longestPiece = 16_384
