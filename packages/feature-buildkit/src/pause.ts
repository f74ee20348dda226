/** Resolves after the time: for what goes on then. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Resolves after the time, and holds up nobody's exit: for a race with what is waited for no longer than that. */
export function timeLimit(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}
