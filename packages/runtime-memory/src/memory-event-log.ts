import type { RuntimeEvent } from '@capstan/core'
import { type MemoryClock, toTimestamp } from './memory-clock.js'

/** An event before the log adds its time. */
export type NewEvent = RuntimeEvent extends infer E ? (E extends unknown ? Omit<E, 'timestamp'> : never) : never

/** The events of a simulated engine. Keeps the last 256, as Docker does. */
export class MemoryEventLog {
  readonly #clock: MemoryClock
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  readonly #kept: RuntimeEvent[] = []

  constructor(clock: MemoryClock) {
    this.#clock = clock
  }

  /** Adds the time, keeps the event and passes it to all listeners. */
  emit(event: NewEvent): void {
    const timed: RuntimeEvent = { ...event, timestamp: toTimestamp(this.#clock.now()) }
    this.#kept.push(timed)
    if (this.#kept.length > mostKept) this.#kept.shift()
    for (const listener of this.#listeners) listener(timed)
  }

  /** Returns the events that are kept, oldest first. */
  list(): readonly RuntimeEvent[] {
    return [...this.#kept]
  }

  /** Calls the listener for each later event. Returns a function that stops this. */
  listen(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

const mostKept = 256
