/** The time as a display reads it; tests pass their own. */
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

/** The interval of lines about the same work on an output that is no terminal. */
export const quietMs = 10_000
