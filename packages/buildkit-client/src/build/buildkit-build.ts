import type { BuildProgressEvent } from './build-progress-event.js'
import type { BuildResult } from './build-result.js'

/**
 * A running build. The iteration over its events ends with the build, and never throws: `result` reports a failure. Iterate
 * once. Unread events are buffered: beyond 100 000 the oldest are dropped.
 */
export interface BuildKitBuild extends AsyncIterable<BuildProgressEvent> {
  /** Rejects with BUILD_FAILED when the build fails. It need not be awaited. */
  readonly result: Promise<BuildResult>
}

/** Receives the events of a build. */
export type BuildEventListener = (events: readonly BuildProgressEvent[]) => void

/** Starts a build at once. The caller need not read the events or await the result. */
export function createBuild(run: (onEvents: BuildEventListener) => Promise<BuildResult>): BuildKitBuild {
  const queue = new EventQueue()
  const result = run((events) => queue.push(events)).finally(() => queue.end())
  result.catch(() => {}) // a result that is not awaited must not be an unhandled rejection
  return { result, [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator]() }
}

/** Buffers the events of a build until they are read. Drops the oldest events when there are too many. */
class EventQueue implements AsyncIterable<BuildProgressEvent> {
  #events: BuildProgressEvent[] = []
  #wake: () => void = () => {}
  #isEnded = false

  push(events: readonly BuildProgressEvent[]): void {
    this.#events.push(...events)
    if (this.#events.length > maxEvents) this.#events = this.#events.slice(-maxEvents)
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

const maxEvents = 100_000
