/** The clock of a display. A test passes its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `action` every `ms` until the returned function is called. Does not keep the process alive. */
  every(ms: number, action: () => void): () => void
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  every: (ms, action) => {
    const timer = setInterval(action, ms).unref()
    return () => clearInterval(timer)
  },
}

/** The interval of progress lines on an output that is not a terminal. */
export const progressIntervalMs = 10_000
