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
import { readJsonLines } from '../engine/streams/json-lines.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import { streamBody } from '../engine/streams/stream-body.js'
import { toEventQuery } from '../quirks/event-query.js'
import { type EngineMessage, readTimeNano, toNanoseconds, toRuntimeEvent } from './convert-event.js'
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
    from: since === undefined ? BigInt(now) * 1_000_000_000n : toNanoseconds(since),
    to: until === undefined ? undefined : toNanoseconds(until),
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
  const isEndless = until === undefined
  void pump(engine, { response, filter, sink, isEndless }, call)
}

/** Which messages become events. */
interface EventFilter {
  readonly kinds: ReadonlySet<EventKind>
  readonly labels: NonNullable<EventOptions['labels']>
  readonly hasHealth: boolean
  /** In nanoseconds since 1970. */
  readonly from: bigint
  readonly to: bigint | undefined
}

interface Pumping {
  readonly response: IncomingMessage
  readonly filter: EventFilter
  readonly sink: EventSink
  /** Whether the end of the answer is not expected. */
  readonly isEndless: boolean
}

async function pump(
  engine: DockerEngine,
  { response, filter, sink, isEndless }: Pumping,
  call: EngineCall,
): Promise<void> {
  const sandboxes = new SandboxEvents(engine, call)
  const hasLabelFilter = Object.keys(filter.labels).length > 0
  let lastTimestamp: string | undefined
  try {
    for await (const message of readJsonLines(streamBody(engine, response, call), call.operation, toMessage)) {
      const { timeNano } = message
      if (timeNano < filter.from || (filter.to !== undefined && timeNano > filter.to)) continue
      const event = toRuntimeEvent(message)
      if (event === undefined || !filter.kinds.has(event.kind)) continue
      lastTimestamp = event.timestamp
      if (event.action === 'health' && !filter.hasHealth) continue
      if (hasLabelFilter && (event.kind !== 'container' || !hasLabels(event.labels, filter.labels))) continue
      const translated = sandboxes.mayChange(event) ? await sandboxes.translate(event) : event
      if (translated !== undefined) sink.push(translated)
    }
    if (isEndless) throw toConnectionLost(engine)
    sink.end()
  } catch (error) {
    sink.end(withTimestamp(engine.translate(error, call), lastTimestamp))
  }
}

function toMessage(value: EngineMessage['value'], line: string): EngineMessage {
  return { value, timeNano: readTimeNano(line) }
}

function withTimestamp(error: unknown, lastTimestamp: string | undefined): unknown {
  if (!isHostError(error, 'CONNECTION_LOST')) return error
  return createHostError('CONNECTION_LOST', { ...error.facts, lastTimestamp }, { cause: error.cause })
}

const allKinds = ['container', 'image', 'network', 'volume'] as const
