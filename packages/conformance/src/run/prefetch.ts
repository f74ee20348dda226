/** Runs work on the items of a list in the order of requests, and runs the work of the next items in advance. */
export class Prefetch<T, R> {
  readonly #items: readonly T[]
  readonly #width: number
  readonly #work: (item: T) => Promise<R>
  readonly #results = new Map<T, Promise<R>>()
  #position = 0
  #running = 0

  /** `work` must not reject. At most `width` items run at once in advance; the work of a requested item starts at once. */
  constructor(items: readonly T[], width: number, work: (item: T) => Promise<R>) {
    this.#items = items
    this.#width = width
    this.#work = work
  }

  get(item: T): Promise<R> {
    this.#position = this.#items.indexOf(item)
    const result = this.#results.get(item) ?? this.#start(item)
    this.#fill()
    return result
  }

  /** Starts no further work and resolves with the results of the started work in the order of the list. */
  async settled(): Promise<readonly R[]> {
    this.#position = this.#items.length
    return await Promise.all(this.#items.flatMap((item) => this.#results.get(item) ?? []))
  }

  #start(item: T): Promise<R> {
    this.#running += 1
    const result = this.#work(item).finally(() => {
      this.#running -= 1
      this.#fill()
    })
    this.#results.set(item, result)
    return result
  }

  /** Limits the distance, so that requests for a part of the list do not run the whole list. */
  #fill(): void {
    for (const next of this.#items.slice(this.#position, this.#position + reach * this.#width)) {
      if (this.#running >= this.#width) return
      if (!this.#results.has(next)) this.#start(next)
    }
  }
}

/** How far ahead work starts, as a multiple of the number of items that run at once. */
const reach = 8
