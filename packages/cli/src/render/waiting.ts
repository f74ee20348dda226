import type { Output } from '../io.js'
import { type Clock, systemClock } from './clock.js'
import { createStatusLine } from './status-line.js'

/** Runs `work`, and shows `text` on a terminal after 1 second, elsewhere 10 seconds later, until it settles. */
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

const afterMs = 1000
