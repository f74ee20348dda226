import type { BuildProgressEvent } from './build-progress-event.js'

/**
 * Sorts events by time. Of events of the same time, the first start of a step precedes its output, and its end follows it. Warnings,
 * which have no time, are last.
 */
export function sortEvents(events: readonly BuildProgressEvent[]): readonly BuildProgressEvent[] {
  const begun = new Set<string>()
  const keyed = events.map((event) => {
    const isBegin = event.type === 'step' && event.state === 'started' && !begun.has(event.id)
    if (event.type === 'step') begun.add(event.id)
    const time = 'at' in event ? event.at.getTime() : Number.POSITIVE_INFINITY
    return { event, time, rank: isBegin ? 0 : event.type === 'step' ? 2 : 1 }
  })
  return keyed
    .sort((one, other) => (one.time === other.time ? one.rank - other.rank : one.time - other.time))
    .map(({ event }) => event)
}
