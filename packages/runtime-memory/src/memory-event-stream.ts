import { type EventOptions, type EventStream, eventStreamCapability, type RuntimeEvent } from '@capstan/core'
import {
  delay,
  type EventKind,
  type EventSubscription,
  findUnsupportedOption,
  hasLabels,
  openEventSubscription,
  validateEventOptions,
} from '@capstan/core/plugin'
import { parseTimestamp } from './memory-clock.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Reports the events of the simulated engine, which keeps the last 256. */
export class MemoryEventStream implements EventStream {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async events(options: EventOptions = {}): Promise<EventSubscription> {
    validateEventOptions(options)
    for (const kind of options.kinds ?? []) {
      const field = kindOptions[kind]
      if (field !== undefined) this.#context.checkOption(eventStreamCapability, field, kind)
    }
    const isWanted = this.#createFilter(options)
    const { since, until } = options
    const { operations, engine } = this.#context
    return await openEventSubscription({ operations, options }, async ({ signal }, sink) => {
      await this.#context.call('events', { signal }, () => {
        const push = (event: RuntimeEvent) => void (isWanted(event) && sink.push(event))
        if (since !== undefined) for (const event of engine.events.list()) push(event)
        const stop = engine.events.listen(push)
        signal.addEventListener('abort', stop)
        if (until === undefined) return
        const remainingMs = Math.max(0, new Date(until).getTime() - engine.now().getTime())
        delay(remainingMs, { signal, ref: false }).then(
          () => sink.end(),
          () => {}, // the subscription has ended before
        )
      })
    })
  }

  #createFilter({ since, until, kinds, labels }: EventOptions): (event: RuntimeEvent) => boolean {
    const isKind = (kind: EventKind) => kinds?.includes(kind) ?? this.#isReported(kind)
    const from = since === undefined ? 0n : parseTimestamp(since)
    const to = until === undefined ? undefined : parseTimestamp(until)
    const hasFilter = labels !== undefined && Object.keys(labels).length > 0
    return (event) => {
      const time = parseTimestamp(event.timestamp)
      if (!isKind(event.kind) || time < from || (to !== undefined && time > to)) return false
      return !hasFilter || (event.kind === 'container' && hasLabels(event.labels, labels))
    }
  }

  #isReported(kind: EventKind): boolean {
    const field = kindOptions[kind]
    return field === undefined || findUnsupportedOption(field, this.#context.unsupportedOptions) === undefined
  }
}

const kindOptions = {
  container: undefined,
  image: 'event.images',
  network: 'event.networks',
  volume: 'event.volumes',
} as const
