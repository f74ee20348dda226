import type { IncomingMessage } from 'node:http'
import { type EventOptions, isHostError, type OptionName } from '@capstan/core'
import {
  createHostError,
  delay,
  type EventKind,
  type EventSink,
  findUnsupportedOption,
  hasLabels,
} from '@capstan/core/plugin'
import type { DockerEngine, EngineCall, QueryValue } from '../engine/docker-engine.js'
import { readEngineTime } from '../engine/ping.js'
import { JsonLineParser } from '../engine/streams/json-lines.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import { toEventQuery } from '../quirks/event-query.js'
import { type EngineMessage, readTimeNano, toRuntimeEvent, toTimeNano } from './convert-event.js'
import { SandboxEvents } from './sandbox-events.js'

/** The option without which a runtime does not report a kind. */
export const optionOfKind: {
  readonly [K in EventKind]: 'event.images' | 'event.networks' | 'event.volumes' | undefined
} = {
  container: undefined,
  image: 'event.images',
  network: 'event.networks',
  volume: 'event.volumes',
}

/**
 * Requests the engine's events and passes them to the sink until the signal of the call aborts. Resolves when the engine has
 * answered.
 *
 * An engine answers before it has registered the subscription. So the request asks for the events since the time of the
 * engine's clock before the request, which the engine keeps.
 */
export async function openEvents(
  engine: DockerEngine,
  { options, sink }: { readonly options: EventOptions; readonly sink: EventSink },
  call: EngineCall,
): Promise<void> {
  const { answerMs: timeoutMs } = engine.timeouts
  const limited = call.hasCallerSignal ? call : { ...call, timeoutMs, timeoutOption: 'timeouts.answerMs' }
  const now = await readEngineTime(engine, limited)
  const isReported = (option: OptionName | undefined) =>
    option === undefined || findUnsupportedOption(option, engine.details.unsupportedOptions) === undefined
  const { kinds = allKinds.filter((kind) => isReported(optionOfKind[kind])), labels = {}, since, until } = options
  const hasLabelFilter = Object.keys(labels).length > 0
  const range = {
    from: toTimeNano(since ?? new Date(now * 1000)),
    to: until === undefined ? undefined : toTimeNano(until),
  }
  const wanted = hasLabelFilter ? (['container'] as const) : kinds
  const { query, endsAfterMs } = toEventQuery(engine, { kinds: wanted, labels, range, now })
  const response = await engine.send({
    ...limited,
    method: 'GET',
    path: '/events',
    query: query as Readonly<Record<string, QueryValue>>,
  })
  const filter: EventFilter = { kinds: new Set(wanted), labels, hasHealth: isReported('event.health'), ...range }
  if (endsAfterMs !== undefined) {
    delay(endsAfterMs, { signal: call.signal, ref: false }).then(
      () => sink.end(),
      () => {}, // the subscription has ended before
    )
  }
  const passing = new EventPassing(engine, { filter, sink, call })
  passOn(response, { engine, passing, sink, call, isEndless: until === undefined })
}

/** Which messages become events. */
interface EventFilter {
  readonly kinds: ReadonlySet<EventKind>
  readonly labels: NonNullable<EventOptions['labels']>
  readonly hasHealth: boolean
  /** In nanoseconds since 1970, of 19 digits. */
  readonly from: string
  readonly to: string | undefined
}

interface PassOnOptions {
  readonly engine: DockerEngine
  readonly passing: EventPassing
  readonly sink: EventSink
  readonly call: EngineCall
  /** Whether the end of the answer is not expected. */
  readonly isEndless: boolean
}

/**
 * Passes on the events of an answer as they arrive. The sink keeps those that are not read, so there is no back-pressure: an
 * engine drops events for a client that does not read.
 */
function passOn(response: IncomingMessage, { engine, passing, sink, call, isEndless }: PassOnOptions): void {
  const parser = new JsonLineParser(call.operation, (value, line) =>
    passing.push({ value, timeNano: readTimeNano(line) }),
  )
  let isOver = false
  const finish = (error?: unknown) => {
    isOver = true
    const { lastTimestamp } = passing
    const failure = error === undefined ? undefined : withTimestamp(engine.translate(error, call), lastTimestamp)
    passing.afterAll(() => sink.end(failure))
    response.destroy()
  }
  const attempt = (work: () => void) => {
    try {
      work()
    } catch (error) {
      finish(error)
    }
  }
  response.on('data', (bytes: Uint8Array) => attempt(() => parser.push(bytes)))
  response.on('error', (error) => {
    parser.breakOff()
    finish(error)
  })
  response.on('end', () =>
    attempt(() => {
      parser.end()
      finish(isEndless ? toConnectionLost(engine) : undefined)
    }),
  )
  // A connection may end in the middle of an answer.
  response.on('close', () => {
    if (!isOver) finish(toConnectionLost(engine))
  })
}

/** Converts messages and passes them to a sink in their order. */
class EventPassing {
  readonly #filter: EventFilter
  readonly #hasLabelFilter: boolean
  readonly #sink: EventSink
  readonly #sandboxes: SandboxEvents
  /** The translation of an earlier event, for which later ones wait. */
  #pending: Promise<void> | undefined
  lastTimestamp: string | undefined

  constructor(
    engine: DockerEngine,
    { filter, sink, call }: { readonly filter: EventFilter; readonly sink: EventSink; readonly call: EngineCall },
  ) {
    this.#filter = filter
    this.#hasLabelFilter = Object.keys(filter.labels).length > 0
    this.#sink = sink
    this.#sandboxes = new SandboxEvents(engine, call)
  }

  push(message: EngineMessage): void {
    const { kinds, hasHealth, labels } = this.#filter
    const event = isInRange(message, this.#filter) ? toRuntimeEvent(message) : undefined
    if (event === undefined || !kinds.has(event.kind)) return
    this.lastTimestamp = event.timestamp
    if (event.action === 'health' && !hasHealth) return
    if (this.#hasLabelFilter && (event.kind !== 'container' || !hasLabels(event.labels, labels))) return
    if (this.#pending === undefined && !this.#sandboxes.mayChange(event)) {
      this.#sink.push(event)
      return
    }
    this.afterAll(async () => {
      const translated = await this.#sandboxes.translate(event)
      if (translated !== undefined) this.#sink.push(translated)
    })
  }

  /** Calls `work` when all earlier events were passed on. */
  afterAll(work: () => void | Promise<void>): void {
    const own = (this.#pending ?? Promise.resolve()).then(work).catch((error: unknown) => this.#sink.end(error))
    this.#pending = own
    void own.then(() => {
      if (this.#pending === own) this.#pending = undefined
    })
  }
}

function isInRange({ timeNano }: EngineMessage, { from, to }: EventFilter): boolean {
  return timeNano >= from && (to === undefined || timeNano <= to)
}

function withTimestamp(error: unknown, lastTimestamp: string | undefined): unknown {
  if (!isHostError(error, 'CONNECTION_LOST')) return error
  return createHostError('CONNECTION_LOST', { ...error.facts, lastTimestamp }, { cause: error.cause })
}

const allKinds = ['container', 'image', 'network', 'volume'] as const
