import { type EventOptions, eventStreamCapability, type RuntimeEvent } from '@capstan/core'
import type { EventSubscription } from '@capstan/core/plugin'
import { within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { ConformanceFailure } from '../conformance-failure.js'

/** Subscribes to events until the case ends. */
export async function subscribe(context: CaseContext, options: EventOptions = {}): Promise<EventSubscription> {
  const { signal } = context
  const subscription = await context.require(eventStreamCapability).events({ signal, ...options })
  context.defer('the subscription to events', () => Promise.resolve(subscription[Symbol.asyncDispose]()))
  return subscription
}

/** Reads the events until one of them is the last, and returns those that are wanted, with the last. */
export async function readEvents(
  events: AsyncIterable<RuntimeEvent>,
  { isWanted, isLast }: Record<'isWanted' | 'isLast', (event: RuntimeEvent) => boolean>,
): Promise<readonly RuntimeEvent[]> {
  const seen: RuntimeEvent[] = []
  const read = async () => {
    for await (const event of events) {
      if (!isWanted(event)) continue
      seen.push(event)
      if (isLast(event)) return seen
    }
    throw new ConformanceFailure('the last of the expected events', `the end after ${toLines(seen).join(', ')}`)
  }
  return await within(limitMs, 'the last of the expected events', read())
}

/** Reads the events of one object up to an action. */
export async function readEventsOf(
  events: AsyncIterable<RuntimeEvent>,
  object: { readonly kind: RuntimeEvent['kind']; readonly id: string },
  last: RuntimeEvent['action'],
): Promise<readonly RuntimeEvent[]> {
  return await readEvents(events, { isWanted: isAbout(object), isLast: ({ action }) => action === last })
}

/** Tells whether an event is about an object. The id of a volume is its name. */
function isAbout({ kind, id }: { readonly kind: RuntimeEvent['kind']; readonly id: string }) {
  return (event: RuntimeEvent) => event.kind === kind && id === (event.kind === 'volume' ? event.name : event.id)
}

/** Returns the actions, to compare them. */
export function toActions(events: readonly RuntimeEvent[]): readonly string[] {
  return events.map(({ action }) => action)
}

function toLines(events: readonly RuntimeEvent[]): readonly string[] {
  return events.map(({ kind, action }) => `${kind} ${action}`)
}

const limitMs = 10_000
