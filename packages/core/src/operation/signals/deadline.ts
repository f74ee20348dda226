/** A running deadline. */
export interface Deadline {
  /** Cancels the deadline, so that `expire` is not called. */
  clear(): void
}

/**
 * Calls `expire` once after `timeoutMs` milliseconds, after the event loop has read the data that arrived until then.
 *
 * The time is divided into 1 to 10 steps. A step in which the program blocked the event loop is repeated, since the
 * program could not read an answer during it. There are at most as many repetitions as steps, and each one delays the
 * deadline.
 */
export function startDeadline(timeoutMs: number, expire: () => void): Deadline {
  const count = Math.min(mostSteps, Math.max(1, Math.floor(timeoutMs / leastStepMs)))
  const stepMs = Math.ceil(timeoutMs / count)
  let left = count
  let repetitions = count
  let cancel = () => {}
  const start = () => {
    const end = performance.now() + stepMs
    const timer = setTimeout(() => finish(performance.now() - end), stepMs)
    cancel = () => clearTimeout(timer)
  }
  const finish = (lateMs: number) => {
    if (lateMs > Math.max(stepMs, leastBlockedMs) && repetitions > 0) repetitions -= 1
    else left -= 1
    if (left > 0) start()
    else afterPolls(furtherPolls)
  }
  // The event loop runs timers before it reads sockets, and reads sockets before it runs immediates.
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
/** A timer that is later than this was delayed by the program and not only by a busy machine. */
const leastBlockedMs = 100
/** Further iterations of the event loop after the first: headers and body of an answer may need one each. */
const furtherPolls = 2
