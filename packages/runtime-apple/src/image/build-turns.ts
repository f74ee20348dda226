import { untilAborted } from '@capstan/core'

/**
 * Builds of like settings go on at once, others after them: for other settings the command makes its one builder anew, under
 * whoever builds in it.
 */
export class BuildTurns {
  #turn: Turn | undefined

  async take<T>({ settings, signal }: TurnOptions, build: () => Promise<T>): Promise<T> {
    while (this.#turn !== undefined && this.#turn.settings !== settings) {
      await untilAborted(Promise.allSettled(this.#turn.builds), signal)
    }
    this.#turn ??= { settings, builds: new Set() }
    const turn = this.#turn
    const building = build()
    turn.builds.add(building)
    try {
      return await building
    } finally {
      turn.builds.delete(building)
      if (turn.builds.size === 0) this.#turn = undefined
    }
  }
}

interface Turn {
  readonly settings: string
  readonly builds: Set<Promise<unknown>>
}

export interface TurnOptions {
  /** What the builder is made for. */
  readonly settings: string
  readonly signal: AbortSignal
}
