import { EventEmitter, once } from 'node:events'

/**
 * Stores whether the removal or a restart of a container has begun, and lets callers wait for its next start, its stop or its
 * removal.
 */
export class ContainerLifecycle {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  #isBeingRemoved = false
  #restarts = 0

  /** Whether the removal of the container has begun. */
  get isBeingRemoved(): boolean {
    return this.#isBeingRemoved
  }

  /** Whether the container is being restarted, so that its end does not remove it. */
  get isBeingRestarted(): boolean {
    return this.#restarts > 0
  }

  /** Resolves at the next start, at a stop, or when the removal begins. */
  async waitForChange(): Promise<void> {
    if (!this.#isBeingRemoved) await once(this.#emitter, 'change')
  }

  /** Ends the waits: at each start and stop. */
  notifyChange(): void {
    this.#emitter.emit('change')
  }

  /** Begins a restart, and returns the function that ends it. */
  beginRestart(): () => void {
    this.#restarts += 1
    return () => {
      this.#restarts -= 1
    }
  }

  beginRemoval(): void {
    this.#isBeingRemoved = true
    this.#emitter.emit('change')
  }
}
