/** Works on a list as it is asked for, one after the other, with a number of the next ones already under way or done. */
export class Prefetch<T, R> {
  readonly #items: readonly T[]
  readonly #width: number
  readonly #work: (item: T) => Promise<R>
  readonly #results = new Map<T, Promise<R>>()
  #asked = 0
  #running = 0

  /** `work` must not reject. At most `width` run at once, but what is asked for never waits. */
  constructor(items: readonly T[], width: number, work: (item: T) => Promise<R>) {
    this.#items = items
    this.#width = width
    this.#work = work
  }

  get(item: T): Promise<R> {
    this.#asked = this.#items.indexOf(item)
    const result = this.#results.get(item) ?? this.#begin(item)
    this.#goAhead()
    return result
  }

  /** Begins nothing more, and resolves with the results of all that was begun, in the order of the list. */
  async settled(): Promise<readonly R[]> {
    this.#asked = this.#items.length
    return await Promise.all(this.#items.flatMap((item) => this.#results.get(item) ?? []))
  }

  #begin(item: T): Promise<R> {
    this.#running += 1
    const result = this.#work(item).finally(() => {
      this.#running -= 1
      this.#goAhead()
    })
    this.#results.set(item, result)
    return result
  }

  /** No further than a few times the width: who asks for some of the list alone does not get all of it done. */
  #goAhead(): void {
    for (const next of this.#items.slice(this.#asked, this.#asked + reach * this.#width)) {
      if (this.#running >= this.#width) return
      if (!this.#results.has(next)) this.#begin(next)
    }
  }
}

const reach = 8
