import type { EventOptions, EventSubscription, RuntimeEvent } from '../../contract/managers/event-stream.js'
import { createHostError } from '../../errors/create-host-error.js'
import type { OperationScope } from '../operation-scope.js'
import { untilAborted } from '../signals/until-aborted.js'
import type { StreamCall } from './create-stream.js'

/**
 * Creates the result of `events`. Resolves when `open` resolves, which it must when the engine has accepted the subscription.
 * `open` then passes each event to the sink until the signal of its call aborts: with the caller's signal, when the runtime is
 * closed, when the iteration ends, or when more than 10 000 events are not read.
 *
 * @throws HostError RUNTIME_UNAVAILABLE after `close`; the reason of the signal if it has aborted before
 */
export async function openEventSubscription(
  { operations, options }: { readonly operations: OperationScope; readonly options: EventOptions },
  open: (call: StreamCall, sink: EventSink) => Promise<void>,
): Promise<EventSubscription> {
  const { signal, abort, end } = operations.begin(options.signal)
  const queue = new EventQueue(() => abort(sourceEnded))
  const close = () => {
    abort(disposed)
    signal.removeEventListener('abort', queue.wake)
    end()
  }
  signal.addEventListener('abort', queue.wake)
  const call = { operation: 'events', subject: 'the engine', signal, hasCallerSignal: options.signal !== undefined }
  try {
    await untilAborted(open(call, queue), signal)
    if (signal.aborted && signal.reason !== sourceEnded) throw signal.reason
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    close()
    throw reason
  }
  const events = iterate(queue, signal, close)
  return {
    [Symbol.asyncIterator]: () => events,
    [Symbol.asyncDispose]: async () => {
      close()
      await events.return()
    },
  }
}

/** Receives the events of a subscription. After `end`, nothing has an effect. */
export interface EventSink {
  push(event: RuntimeEvent): void
  /** Ends the iteration after the events that were pushed; with an error, rejects it then. */
  end(error?: unknown): void
}

async function* iterate(queue: EventQueue, signal: AbortSignal, close: () => void): AsyncGenerator<RuntimeEvent, void> {
  try {
    for (;;) {
      if (signal.aborted && signal.reason !== sourceEnded) {
        if (signal.reason === disposed) return
        throw signal.reason
      }
      const event = queue.shift()
      if (event !== undefined) yield event
      else if (queue.ended === undefined) await queue.waitForChange()
      else if (queue.ended.error === undefined) return
      else throw queue.ended.error
    }
  } finally {
    close()
  }
}

/** The events that were not read yet. */
class EventQueue implements EventSink {
  ended: { readonly error: unknown } | undefined
  readonly wake: () => void = () => this.#change()
  readonly #onOverflow: () => void
  #events: RuntimeEvent[] = []
  /** The number of events at the beginning of the list that were read. */
  #read = 0
  #change: () => void = () => {}

  constructor(onOverflow: () => void) {
    this.#onOverflow = onOverflow
  }

  push(event: RuntimeEvent): void {
    if (this.ended !== undefined) return
    if (this.#events.length - this.#read < mostUnread) {
      this.#events.push(event)
      this.#change()
      return
    }
    this.end(createHostError('OPERATION_FAILED', overflowFacts))
    this.#onOverflow()
  }

  end(error?: unknown): void {
    this.ended ??= { error }
    this.#change()
  }

  shift(): RuntimeEvent | undefined {
    const event = this.#events[this.#read]
    if (event === undefined) return undefined
    this.#read += 1
    // Removing each event on its own would move all others each time.
    if (this.#read === this.#events.length || this.#read === mostUnread) {
      this.#events = this.#events.slice(this.#read)
      this.#read = 0
    }
    return event
  }

  waitForChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#change = resolve
    })
  }
}

const mostUnread = 10_000
const overflowFacts = {
  operation: 'events',
  subject: 'the engine',
  status: undefined,
  reason: `${mostUnread} events were not read`,
  remedy: 'iterate faster, or request fewer events by labels or kinds',
}
const disposed = new Error('the subscription was disposed')
const sourceEnded = new Error('the subscription has ended')
