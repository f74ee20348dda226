import { untilAborted } from '@capstan/core/plugin'

/**
 * Runs builds with equal settings in parallel, and builds with other settings after them. For other settings the command
 * recreates its single builder, which ends the builds in it.
 */
export class BuildQueue {
  readonly #running = new Set<Promise<unknown>>()
  #settings = ''

  /** Runs `build` as soon as no build with other settings runs. */
  async run<T>({ settings, signal }: BuildQueueOptions, build: () => Promise<T>): Promise<T> {
    while (this.#running.size > 0 && this.#settings !== settings) {
      await untilAborted(Promise.allSettled(this.#running), signal)
    }
    this.#settings = settings
    const building = build()
    this.#running.add(building)
    return await building.finally(() => this.#running.delete(building))
  }
}

export interface BuildQueueOptions {
  /** The settings that the builder is created with. */
  readonly settings: string
  readonly signal: AbortSignal
}
