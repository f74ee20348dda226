import type { ProgressEvent } from '@capstan/core'
import prettyBytes from 'pretty-bytes'
import type { Output } from '../terminal/io.js'
import { type Clock, systemClock } from './clock.js'
import { createStatusLine } from './status-line.js'

/** Shows the progress of a pull or a push. Writes nothing if nothing is transferred. Disposing removes an unfinished line. */
export interface PullDisplay extends Disposable {
  readonly onProgress: (event: ProgressEvent) => void
  succeed(text: string): void
}

/** Creates a display: one line with the sum of the layers, rewritten on a terminal, else written at the start and every 10 seconds. */
export function createPullDisplay(
  output: Output,
  image: string,
  { clock = systemClock, verb = 'Pulling' }: PullDisplayOptions = {},
): PullDisplay {
  const line = createStatusLine(output, clock)
  const known = new Map<string, ProgressEvent>()
  return {
    onProgress: (event) => {
      if (known.size === 0 && output.isTTY !== true) output.write(`${verb} ${image}\n`)
      // An event without a size, such as "verifying", keeps the known size of its layer.
      known.set(event.id, { ...known.get(event.id), ...event })
      const layers = [...known.values()].filter(({ totalBytes }) => totalBytes !== undefined)
      const current = sum(layers.map(({ currentBytes = 0 }) => currentBytes))
      const total = sum(layers.map(({ totalBytes = 0 }) => totalBytes))
      const amount = total === 0 ? '' : ` ${prettyBytes(current)} of ${prettyBytes(total)}`
      line.show(`${verb} ${image}:${amount} ${event.status}`)
    },
    succeed: (text) => line.finish('done', text),
    [Symbol.dispose]: () => line.clear(),
  }
}

/** Options of a display. */
export interface PullDisplayOptions {
  readonly clock?: Clock
  /** The beginning of each line. Default `Pulling`. */
  readonly verb?: 'Pulling' | 'Pushing'
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
