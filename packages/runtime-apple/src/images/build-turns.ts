import { untilAborted } from '@capstan/core/plugin'

/**
 * Runs builds with equal settings in parallel, and builds with other settings after them. For other settings the command
 * recreates its single builder, which ends the builds in it.
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
  /** The settings that the builder is created with. */
  readonly settings: string
  readonly signal: AbortSignal
}
