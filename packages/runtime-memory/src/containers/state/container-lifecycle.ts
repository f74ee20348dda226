import { EventEmitter, once } from 'node:events'

/** Stores whether the removal of a container has begun, and lets callers wait for its next start or its removal. */
export class ContainerLifecycle {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  #isBeingRemoved = false

  /** Whether the removal of the container has begun. */
  get isBeingRemoved(): boolean {
    return this.#isBeingRemoved
  }

  /** Resolves at the next start, or when the removal begins. */
  async waitForStartOrRemoval(): Promise<void> {
    if (!this.#isBeingRemoved) await once(this.#emitter, 'change')
  }

  notifyStarted(): void {
    this.#emitter.emit('change')
  }

  beginRemoval(): void {
    this.#isBeingRemoved = true
    this.#emitter.emit('change')
  }
}
