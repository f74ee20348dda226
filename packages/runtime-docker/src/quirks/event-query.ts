import type { EventOptions } from '@capstan/core'
import type { DockerEngine } from '../engine/docker-engine.js'

/** What a subscription asks for. */
export interface EventRequest {
  readonly kinds: NonNullable<EventOptions['kinds']>
  readonly labels: NonNullable<EventOptions['labels']>
  /** In nanoseconds since 1970, of 19 digits. */
  readonly range: { readonly from: string; readonly to: string | undefined }
  /** The time of the engine's clock in seconds. */
  readonly now: number
}

/** The query of the request, and after which time the subscription ends if the engine does not end it. */
export interface EventQuery {
  readonly query: Readonly<Record<string, string | boolean | object | undefined>>
  readonly endsAfterMs: number | undefined
}

/**
 * Returns the query of the request for events, and the time after which this package ends the subscription.
 *
 * An engine with the quirk `hasOwnEventQuery` filters by kind only, and answers an `until` in the past without events, so the
 * events until then are requested by `stream=false`.
 */
export function toEventQuery(
  { details }: Pick<DockerEngine, 'details'>,
  { kinds, labels, range: { from, to }, now }: EventRequest,
): EventQuery {
  if (!details.quirks.hasOwnEventQuery) {
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
    const filters = { type: kinds, event: actions, ...(label.length === 0 ? {} : { label }) }
    return {
      query: { since: toSeconds(from), until: to === undefined ? undefined : toSeconds(to), filters },
      endsAfterMs: undefined,
    }
  }
  const query = { since: toSeconds(from).replace(/\..*/, ''), filters: { type: kinds } }
  if (to === undefined) return { query, endsAfterMs: undefined }
  const remainingMs = Number(toSeconds(to)) * 1000 - now * 1000
  // The clock of the engine is known in whole seconds.
  return remainingMs <= 0
    ? { query: { ...query, stream: 'false' }, endsAfterMs: undefined }
    : { query, endsAfterMs: remainingMs + 1000 }
}

/** Formats a time as the engine expects it: seconds with nine digits after the point. */
function toSeconds(timeNano: string): string {
  return `${timeNano.slice(0, -9).replace(/^0+(?=.)/, '')}.${timeNano.slice(-9)}`
}

/** The actions that become events, so that the engine sends no others. Docker compares them as prefixes because of `health_status`. */
const actions = [
  'create',
  'start',
  'die',
  'pause',
  'unpause',
  'rename',
  'destroy',
  'health_status',
  'pull',
  'tag',
  'untag',
  'delete',
  'connect',
  'disconnect',
]
