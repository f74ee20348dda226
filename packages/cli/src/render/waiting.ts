import type { Output } from '../io.js'
import { type Clock, systemClock } from './clock.js'
import { createStatusLine } from './status-line.js'

/** Does the work, and tells what is waited for when that takes more than a second; on a terminal alone less than 10. */
export async function whileWaiting<T>(
  output: Output,
  text: string,
  work: () => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const line = createStatusLine(output, clock)
  const stop = clock.every(afterMs, () => line.show(text))
  try {
    return await work()
  } finally {
    stop()
    line.clear()
  }
}

/** What is over sooner needs no words. */
const afterMs = 1000
