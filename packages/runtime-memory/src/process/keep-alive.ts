/**
 * Keeps Node's event loop running while somebody waits for the simulation.
 *
 * Nothing inside a simulated container keeps it running, as nothing inside a real one would; a pending call does, as a
 * pending request would.
 */
export class KeepAlive {
  #holders = 0
  #timer: NodeJS.Timeout | undefined

  /** Holds until the function that it returns is called; calling it twice is calling it once. */
  hold(): () => void {
    let released = false
    this.#holders += 1
    this.#timer ??= setInterval(() => {}, longest)
    return () => {
      if (released) return
      released = true
      this.#release()
    }
  }

  /** Lets go, whoever holds. */
  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #release(): void {
    this.#holders -= 1
    if (this.#holders === 0) this.close()
  }
}

/** The longest delay that Node's timers take. */
const longest = 2 ** 31 - 1
