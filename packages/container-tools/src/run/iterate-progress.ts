import type { OperationOptions, ProgressEvent } from '@capstan/core'
import { linkSignals } from '@capstan/core/plugin'

/**
 * Starts an operation, and returns its progress as an iterable with its result.
 *
 * `start` passes its options on to the operation: a pull, a build, `up` of a Compose project or another one with `onProgress`. The
 * iteration ends when the operation has resolved, and rejects with its error, in both cases after the events that are left.
 * Leaving the loop and disposing abort the operation and wait until it has settled.
 *
 * Keeps at most 1000 events that are not read yet. A further one replaces the earlier one of the same part, or else the oldest.
 *
 * Can be iterated only once. The result needs no iteration; it also has the error that `start` throws.
 */
export function iterateProgress<E extends ProgressEvent, T>(
  start: (options: ProgressOptions<E>) => Promise<T>,
  { signal }: OperationOptions = {},
): ProgressIteration<E, T> {
  const link = linkSignals([signal])
  const events = new EventQueue<E>()
  const result = (async () => await start({ signal: link.signal, onProgress: (event) => events.add(event) }))()
  const settled = result.then(
    () => {},
    () => {},
  )
  void settled.then(() => {
    link.unlink()
    events.end()
  })
  const abort = async () => {
    link.abort(new DOMException('The iteration of the progress was left', 'AbortError'))
    await settled
  }
  const iterate = async function* () {
    try {
      for (let event = await events.next(); event !== undefined; event = await events.next()) yield event
      await result
    } finally {
      await abort()
    }
  }
  const iterator = iterate()
  return { result, [Symbol.asyncIterator]: () => iterator, [Symbol.asyncDispose]: abort }
}

/** The progress of an operation with its result. */
export interface ProgressIteration<E extends ProgressEvent, T> extends AsyncIterable<E>, AsyncDisposable {
  /** Settles as the operation does. */
  readonly result: Promise<T>
}

/** The options of an operation that reports its progress. */
export interface ProgressOptions<E extends ProgressEvent> {
  readonly signal: AbortSignal
  readonly onProgress: (event: E) => void
}

/** Events that are not read yet. */
class EventQueue<E extends ProgressEvent> {
  readonly #events: E[] = []
  #hasEnded = false
  #wake = () => {}

  add(event: E): void {
    if (this.#events.length === mostUnread) {
      const earlier = this.#events.findIndex(({ id }) => id === event.id)
      this.#events.splice(Math.max(earlier, 0), 1)
    }
    this.#events.push(event)
    this.#wake()
  }

  end(): void {
    this.#hasEnded = true
    this.#wake()
  }

  /** Resolves with the next event; `undefined` after the last one. */
  async next(): Promise<E | undefined> {
    while (this.#events.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#events.shift()
  }
}

const mostUnread = 1000
