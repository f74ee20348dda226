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
  const close = () => {
    signal.removeEventListener('abort', wake)
    abort(disposed)
    end()
  }
  const queue = new EventQueue(signal, { close, overflow: () => abort(sourceEnded) })
  const wake = () => queue.settle()
  signal.addEventListener('abort', wake)
  const call = { operation: 'events', subject: 'the engine', signal, hasCallerSignal: options.signal !== undefined }
  try {
    await untilAborted(open(call, queue), signal)
    if (signal.aborted && signal.reason !== sourceEnded) throw signal.reason
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error
    close()
    throw reason
  }
  return {
    [Symbol.asyncIterator]: () => queue,
    [Symbol.asyncDispose]: async () => void (await queue.return()),
  }
}

/** Receives the events of a subscription. After `end`, nothing has an effect. */
export interface EventSink {
  push(event: RuntimeEvent): void
  /** Ends the iteration after the events that were pushed; with an error, rejects it then. */
  end(error?: unknown): void
}

/** The events that were not read yet, as an iterator. An async generator would need several promises for each event. */
class EventQueue implements EventSink, AsyncIterableIterator<RuntimeEvent, void> {
  readonly #signal: AbortSignal
  readonly #close: () => void
  readonly #overflow: () => void
  #events: RuntimeEvent[] = []
  /** The number of events at the beginning of the list that were read. */
  #read = 0
  /** The calls of `next` that wait for an event. */
  readonly #waiting: PendingResult[] = []
  #ended: { readonly error: unknown } | undefined
  /** Whether the iteration is over. */
  #isOver = false

  constructor(signal: AbortSignal, { close, overflow }: { readonly close: () => void; readonly overflow: () => void }) {
    this.#signal = signal
    this.#close = close
    this.#overflow = overflow
  }

  push(event: RuntimeEvent): void {
    if (this.#ended !== undefined) return
    const pending = this.#waiting.shift()
    if (pending !== undefined) return void pending.resolve({ done: false, value: event })
    if (this.#events.length - this.#read < mostUnread) return void this.#events.push(event)
    this.end(createHostError('OPERATION_FAILED', overflowFacts))
    this.#overflow()
  }

  end(error?: unknown): void {
    this.#ended ??= { error }
    this.settle()
  }

  /** Settles the calls of `next` that no longer need to wait. Called after an abort of the signal. */
  settle(): void {
    while (this.#waiting.length > 0) {
      const result = this.#takeResult()
      if (result === undefined) return
      this.#waiting.shift()?.resolve(result)
    }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<RuntimeEvent, void>> {
    const result = this.#waiting.length === 0 ? this.#takeResult() : undefined
    return result ?? new Promise((resolve) => this.#waiting.push({ resolve }))
  }

  async return(): Promise<IteratorResult<RuntimeEvent, void>> {
    this.#finish()
    this.settle()
    return { done: true, value: undefined }
  }

  /** Returns the result of the next call of `next`; `undefined` while it must wait. */
  #takeResult(): Promise<IteratorResult<RuntimeEvent, void>> | undefined {
    const { aborted, reason } = this.#signal
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    if (aborted && reason !== sourceEnded) return this.#finish(reason === disposed ? undefined : { error: reason })
    const event = this.#shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    return this.#ended && this.#finish(this.#ended.error === undefined ? undefined : this.#ended)
  }

  #finish(failure?: { readonly error: unknown }): Promise<IteratorResult<RuntimeEvent, void>> {
    this.#isOver = true
    this.#events = []
    this.#close()
    return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure.error)
  }

  #shift(): RuntimeEvent | undefined {
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
}

interface PendingResult {
  readonly resolve: (
    result: IteratorResult<RuntimeEvent, void> | PromiseLike<IteratorResult<RuntimeEvent, void>>,
  ) => void
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
