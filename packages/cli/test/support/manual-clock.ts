import type { Clock } from '../../src/render/clock.js'

/** A clock that the test advances. */
export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ readonly ms: number; readonly act: () => void; dueAt: number }>()

  readonly now = (): number => this.#now

  readonly every = (ms: number, act: () => void): (() => void) => {
    const timer = { ms, act, dueAt: this.#now + ms }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Advances the clock, and calls timers at their time. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const [next] = [...this.#timers].sort((one, other) => one.dueAt - other.dueAt)
      if (next === undefined || next.dueAt > until) break
      this.#now = next.dueAt
      next.dueAt += next.ms
      next.act()
    }
    this.#now = until
  }
}
