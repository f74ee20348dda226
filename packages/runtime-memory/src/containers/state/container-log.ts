import { EventEmitter, once } from 'node:events'
import type { LogChunk } from '@capstan/core'
import type { MemoryClock } from '../../memory-clock.js'

/** One write of a process. */
export interface LogRecord {
  readonly source: LogChunk['source']
  readonly bytes: Uint8Array
  /** The time since 1970. */
  readonly nanoseconds: bigint
}

/** A reader of the log. The log keeps the records at its position and after it. */
export interface LogReader {
  position: number
}

/**
 * The output of a container in order of arrival.
 *
 * When the log exceeds its limit, the oldest records are dropped. Records that a reader has not read are kept, and the
 * container waits for the reader. Positions count from the first record ever written.
 */
export class ContainerLog {
  readonly #clock: MemoryClock
  readonly #limitBytes: number
  readonly #readers = new Set<LogReader>()
  readonly #events = new EventEmitter().setMaxListeners(0)
  /** The records by position. */
  readonly #records = new Map<number, LogRecord>()
  #start = 0
  #end = 0
  #bytes = 0

  constructor(clock: MemoryClock, limitBytes: number) {
    this.#clock = clock
    this.#limitBytes = limitBytes
  }

  /** The position of the oldest record. */
  get start(): number {
    return this.#start
  }

  /** The position after the newest record. */
  get end(): number {
    return this.#end
  }

  at(position: number): LogRecord | undefined {
    return this.#records.get(position)
  }

  append(source: LogChunk['source'], bytes: Uint8Array): void {
    this.#records.set(this.#end, { source, bytes, nanoseconds: this.#clock.now() })
    this.#end += 1
    this.#bytes += bytes.length + overheadBytes
    this.#trim()
    this.notifyChange()
  }

  /** Resolves when the log accepts more output. */
  async waitForCapacity(): Promise<void> {
    while (this.#isBlocked()) {
      await once(this.#events, 'read')
      this.#trim()
    }
  }

  /** Registers a reader: records that it has not read are kept until `removeReader`. */
  addReader(reader: LogReader): void {
    this.#readers.add(reader)
  }

  /** Moves the reader to the next record. */
  advance(reader: LogReader): void {
    reader.position += 1
    if (this.#isFull()) this.#events.emit('read')
  }

  removeReader(reader: LogReader): void {
    this.#readers.delete(reader)
    this.#events.emit('read')
  }

  /** Ends the waits for a change: at each new record, and at the end of a run. */
  notifyChange(): void {
    this.#events.emit('change')
  }

  /** Resolves at the next change, and when the signal aborts. */
  async waitForChange(signal: AbortSignal): Promise<void> {
    await once(this.#events, 'change', { signal }).catch(() => {})
  }

  #isFull(): boolean {
    return this.#bytes > this.#limitBytes
  }

  /** Whether the log is full of records that a reader has not read. A single record is always accepted. */
  #isBlocked(): boolean {
    return (
      this.#isFull() && this.start < this.end - 1 && [...this.#readers].some(({ position }) => position <= this.start)
    )
  }

  #trim(): void {
    const firstKept = Math.min(this.end - 1, ...[...this.#readers].map(({ position }) => position))
    while (this.#isFull() && this.start < firstKept) {
      this.#bytes -= (this.at(this.start)?.bytes.length ?? 0) + overheadBytes
      this.#records.delete(this.start)
      this.#start += 1
    }
  }
}

/** The approximate memory of a record besides its bytes. */
const overheadBytes = 128
