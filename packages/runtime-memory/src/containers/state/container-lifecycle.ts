import { EventEmitter, once } from 'node:events'

/** Stores whether the removal of a container has begun, and lets callers wait for its next start, its stop or its removal. */
export class ContainerLifecycle {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  #isBeingRemoved = false

  /** Whether the removal of the container has begun. */
  get isBeingRemoved(): boolean {
    return this.#isBeingRemoved
  }

  /** Resolves at the next start, at a stop, or when the removal begins. */
  async waitForChange(): Promise<void> {
    if (!this.#isBeingRemoved) await once(this.#emitter, 'change')
  }

  /** Ends the waits: at each start and stop. */
  notifyChange(): void {
    this.#emitter.emit('change')
  }

  beginRemoval(): void {
    this.#isBeingRemoved = true
    this.#emitter.emit('change')
  }
}
