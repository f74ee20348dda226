/** Lets callers wait for the next start of a container or for its removal. */
export class ContainerEvents {
  #next = createDeferred()
  #isRemoved = false

  get isRemoved(): boolean {
    return this.#isRemoved
  }

  /** Resolves at the next start or at the removal. */
  startedOrRemoved(): Promise<void> {
    return this.#next.promise
  }

  start(): void {
    this.#next.resolve()
    this.#next = createDeferred()
  }

  remove(): void {
    this.#isRemoved = true
    this.#next.resolve()
  }
}

function createDeferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
