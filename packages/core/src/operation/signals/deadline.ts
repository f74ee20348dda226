/** A deadline that has been started. */
export interface Deadline {
  /** Cancels it: `expire` is not called any more. */
  clear(): void
}

/**
 * Calls `expire` once after `timeoutMs` milliseconds, and not before the event loop has read the data that had arrived.
 *
 * The time is counted in steps. A step during which the program blocked its event loop is repeated, so that an answer that
 * arrived meanwhile can be read; there are at most as many repetitions as steps.
 */
export function startDeadline(timeoutMs: number, expire: () => void): Deadline {
  const count = Math.min(mostSteps, Math.max(1, Math.floor(timeoutMs / leastStepMs)))
  const stepMs = Math.ceil(timeoutMs / count)
  let left = count
  let forgiven = count
  let cancel = () => {}
  const start = () => {
    const end = performance.now() + stepMs
    const timer = setTimeout(() => finish(performance.now() - end), stepMs)
    cancel = () => clearTimeout(timer)
  }
  const finish = (lateMs: number) => {
    if (lateMs > Math.max(stepMs, leastBlockedMs) && forgiven > 0) forgiven -= 1
    else left -= 1
    if (left > 0) start()
    else afterPolls(polls)
  }
  // Timers come before the sockets in a turn of the loop: what was received meanwhile is read between two immediates.
  // https://nodejs.org/en/learn/asynchronous-work/event-loop-timers-and-nexttick
  const afterPolls = (more: number) => {
    const immediate = setImmediate(() => (more === 0 ? expire() : afterPolls(more - 1)))
    cancel = () => clearImmediate(immediate)
  }
  start()
  return { clear: () => cancel() }
}

const mostSteps = 10
const leastStepMs = 10
/** A timer that is later than this was delayed by the program, and not only by a busy machine. */
const leastBlockedMs = 100
/** Headers and body of an answer may take a turn each. */
const polls = 2
