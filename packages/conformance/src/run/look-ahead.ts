/** Works on a list as it is asked for, one after the other, with the next few already under way. */
export class LookAhead<T, R> {
  readonly #items: readonly T[]
  readonly #width: number
  readonly #work: (item: T) => Promise<R>
  readonly #results = new Map<T, Promise<R>>()

  /** `work` must not reject. */
  constructor(items: readonly T[], width: number, work: (item: T) => Promise<R>) {
    this.#items = items
    this.#width = width
    this.#work = work
  }

  get(item: T): Promise<R> {
    const from = this.#items.indexOf(item)
    const [result = this.#begin(item)] = this.#items.slice(from, from + this.#width).map((next) => this.#begin(next))
    return result
  }

  /** The results of all that was begun, in the order of the list. */
  async settled(): Promise<readonly R[]> {
    return await Promise.all(this.#items.flatMap((item) => this.#results.get(item) ?? []))
  }

  #begin(item: T): Promise<R> {
    const begun = this.#results.get(item) ?? this.#work(item)
    this.#results.set(item, begun)
    return begun
  }
}
