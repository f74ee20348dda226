import type { BuildProgressEvent } from './build-progress-event.js'

/** Events between a build and who reads them, if anybody does: the oldest go when nobody reads for long. */
export class EventQueue implements AsyncIterable<BuildProgressEvent> {
  #events: BuildProgressEvent[] = []
  #wake: () => void = () => {}
  #isEnded = false

  push(events: readonly BuildProgressEvent[]): void {
    this.#events.push(...events)
    if (this.#events.length > mostEvents) this.#events = this.#events.slice(-mostEvents)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BuildProgressEvent, void> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) yield event
      else if (this.#isEnded) return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}

const mostEvents = 100_000
