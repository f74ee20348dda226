import { EventEmitter, once } from 'node:events'

/** Lets callers wait for the next start of a container or for its removal. */
export class ContainerEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  #isRemoved = false

  get isRemoved(): boolean {
    return this.#isRemoved
  }

  /** Resolves at the next start or at the removal. */
  async startedOrRemoved(): Promise<void> {
    if (!this.#isRemoved) await once(this.#emitter, 'change')
  }

  start(): void {
    this.#emitter.emit('change')
  }

  remove(): void {
    this.#isRemoved = true
    this.#emitter.emit('change')
  }
}
