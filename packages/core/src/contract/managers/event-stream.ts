import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions, StringMap } from '../operation.js'

/** Reports what happens to the objects of the engine, also by other clients. */
export interface EventStream {
  /**
   * Subscribes to events. Resolves when the engine has accepted the subscription: from then on no event is missed, whether
   * the iteration has begun or not. Events of up to a second before the call may also be delivered.
   *
   * So an object that is not in a list which was requested after this call resolved, and is created later, is in the events.
   *
   * @throws HostError OPTION_UNSUPPORTED with `event.images`, `event.networks` or `event.volumes` when `kinds` has a kind
   * that the runtime does not report
   */
  events(options?: EventOptions): Promise<EventSubscription>
}

/** The capability of reporting events. */
export const eventStreamCapability: Capability<
  EventStream,
  'event.images' | 'event.networks' | 'event.volumes' | 'event.health'
> = defineCapability({
  id: 'events',
  title: 'events',
  options: {
    'event.images': 'events of images',
    'event.networks': 'events of networks',
    'event.volumes': 'events of volumes',
    'event.health': 'events of changes of the health of a container',
  },
})

/** Options of `events`. */
export interface EventOptions extends OperationOptions {
  /**
   * Also yields earlier events from this time on, as far as the engine keeps them: a Date, or an RFC 3339 text with up to
   * nanoseconds. Default: only events from now on.
   */
  readonly since?: Date | string
  /** Ends the iteration at this time, which may be in the past. Default: the iteration does not end. */
  readonly until?: Date | string
  /** Yields only events of these kinds of objects. Default: of all kinds that the runtime reports. */
  readonly kinds?: readonly EventKind[]
  /** Yields only events of containers, and of those only the ones with all of these labels and values. Default: all events. */
  readonly labels?: StringMap
}

/**
 * The events of one subscription, in the order in which the engine reports them. Can be iterated only once. Leaving the loop
 * and disposing end the subscription, as does the abort of the signal, with whose reason the iteration then rejects.
 *
 * Events that are not read yet are kept, up to 10 000. Beyond that the subscription ends, and the iteration rejects with
 * OPERATION_FAILED after the events that were kept. When the connection to the engine is lost, it rejects with
 * CONNECTION_LOST, whose `lastTimestamp` is the time of the last event: a subscription with `since: lastTimestamp` continues,
 * and delivers that event again.
 */
export interface EventSubscription extends AsyncIterable<RuntimeEvent>, AsyncDisposable {}

/** The kind of the object of an event. */
export type EventKind = RuntimeEvent['kind']

/** Something that happened to an object of the engine. Minor versions may add actions, so a `switch` needs a default case. */
export type RuntimeEvent = ContainerEvent | ImageEvent | NetworkEvent | VolumeEvent

/** The properties of all events. */
interface TimedEvent {
  /** RFC 3339 with nanoseconds, in UTC, of the engine's clock. */
  readonly timestamp: string
}

/** An event of a container. */
export type ContainerEvent = TimedEvent & {
  readonly kind: 'container'
  /** The full id. */
  readonly id: string
  /** For `renamed`, the new name. */
  readonly name: string
  /** The reference or id that the container was created from. */
  readonly image: string
  readonly labels: StringMap
} & (
    | { readonly action: 'created' | 'started' | 'paused' | 'unpaused' | 'renamed' | 'removed' }
    /** `exitCode`: `undefined` where the engine does not report it. */
    | { readonly action: 'exited'; readonly exitCode: number | undefined }
    | { readonly action: 'health'; readonly health: 'starting' | 'healthy' | 'unhealthy' }
  )

/** An event of an image. */
export interface ImageEvent extends TimedEvent {
  readonly kind: 'image'
  readonly action: 'pulled' | 'tagged' | 'untagged' | 'removed'
  /** `undefined` where the engine does not report it. */
  readonly id: string | undefined
  /** The reference that was pulled, set or removed. `undefined` for `removed`, and where the engine does not report it. */
  readonly reference: string | undefined
}

/** An event of a network. A container also connects to its networks when it starts, and disconnects when it stops. */
export type NetworkEvent = TimedEvent & {
  readonly kind: 'network'
  readonly id: string
  readonly name: string
} & (
    | { readonly action: 'created' | 'removed' }
    | { readonly action: 'connected' | 'disconnected'; readonly containerId: string }
  )

/** An event of a named or anonymous volume. */
export interface VolumeEvent extends TimedEvent {
  readonly kind: 'volume'
  readonly action: 'created' | 'removed'
  readonly name: string
}
