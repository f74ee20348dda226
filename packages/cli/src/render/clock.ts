/** What a display knows of time; a test brings its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `act` each `ms`, until the function that it returns is called. Keeps no process alive. */
  every(ms: number, act: () => void): () => void
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  every: (ms, act) => {
    const timer = setInterval(act, ms).unref()
    return () => clearInterval(timer)
  },
}

/** Between two lines about the same work where no line can be rewritten. */
export const quietMs = 10_000
