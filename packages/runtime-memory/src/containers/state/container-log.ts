import { EventEmitter } from 'node:events'
import type { LogChunk } from '@capstan/core'
import type { MemoryClock } from '../../memory-clock.js'

/** What one write of a process left in the log. */
export interface LogRecord {
  readonly source: LogChunk['source']
  readonly bytes: Uint8Array
  readonly nanoseconds: bigint
}

/** Somebody reading: what is at its position and after is kept for it. */
export interface LogReader {
  position: number
}

/**
 * What a container has written, in order of arrival.
 *
 * When it holds more than its limit the oldest goes, unless a reader still wants it: then the container waits for the
 * reader. Positions count from the first record ever.
 */
export class ContainerLog {
  readonly #clock: MemoryClock
  readonly #limitBytes: number
  readonly #readers = new Set<LogReader>()
  readonly #events = new EventEmitter().setMaxListeners(0)
  #records: (LogRecord | undefined)[] = []
  /** How many records are gone from the front of `#records`, and before it. */
  #head = 0
  #dropped = 0
  #bytes = 0

  constructor(clock: MemoryClock, limitBytes: number) {
    this.#clock = clock
    this.#limitBytes = limitBytes
  }

  /** The first position that is still there. */
  get start(): number {
    return this.#dropped + this.#head
  }

  /** The position after the last. */
  get end(): number {
    return this.#dropped + this.#records.length
  }

  at(position: number): LogRecord | undefined {
    return this.#records[position - this.#dropped]
  }

  append(source: LogChunk['source'], bytes: Uint8Array): void {
    this.#records.push({ source, bytes, nanoseconds: this.#clock.now() })
    this.#bytes += bytes.length + overheadBytes
    this.#trim()
    this.wake()
  }

  /** Resolves when there is room for more. */
  async waitForRoom(): Promise<void> {
    while (this.#isBlocked()) {
      await new Promise<void>((resolve) => {
        this.#events.once('read', resolve)
      })
      this.#trim()
    }
  }

  /** Keeps for the reader what it has not read yet, until it is closed. */
  open(reader: LogReader): void {
    this.#readers.add(reader)
  }

  /** The reader went on. */
  advance(reader: LogReader): void {
    reader.position += 1
    if (this.#isFull()) this.#events.emit('read')
  }

  close(reader: LogReader): void {
    this.#readers.delete(reader)
    this.#events.emit('read')
  }

  /** Has those who follow look again. */
  wake(): void {
    this.#events.emit('change')
  }

  /** Calls back on each change, until the function that it returns is called. */
  onChange(listener: () => void): () => void {
    this.#events.on('change', listener)
    return () => void this.#events.off('change', listener)
  }

  #isFull(): boolean {
    return this.#bytes > this.#limitBytes
  }

  /** Full of what a reader still wants; one record alone is always taken. */
  #isBlocked(): boolean {
    return (
      this.#isFull() && this.start < this.end - 1 && [...this.#readers].some(({ position }) => position <= this.start)
    )
  }

  #trim(): void {
    const wanted = Math.min(this.end - 1, ...[...this.#readers].map(({ position }) => position))
    while (this.#isFull() && this.start < wanted) this.#drop()
    if (this.#head < compactAfter || this.#head * 2 < this.#records.length) return
    this.#records = this.#records.slice(this.#head)
    this.#dropped += this.#head
    this.#head = 0
  }

  #drop(): void {
    this.#bytes -= (this.#records[this.#head]?.bytes.length ?? 0) + overheadBytes
    this.#records[this.#head] = undefined
    this.#head += 1
  }
}

/** What a record costs beside its bytes, about. */
const overheadBytes = 128
const compactAfter = 1024
