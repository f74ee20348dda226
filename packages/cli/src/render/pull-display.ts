import type { ProgressEvent } from '@capstan/core'
import prettyBytes from 'pretty-bytes'
import type { Output } from '../terminal/io.js'
import { type Clock, systemClock } from './clock.js'
import { createStatusLine, type StatusLine } from './status-line.js'

/** Shows the progress of a pull. Writes nothing if nothing is pulled. */
export interface PullDisplay {
  onProgress(event: ProgressEvent): void
  succeed(text: string): void
  /** Removes an unfinished line. */
  clear(): void
}

/** Creates a display: one line with the sum of the layers, rewritten on a terminal, else written at the start and every 10 seconds. */
export function createPullDisplay(output: Output, image: string, clock: Clock = systemClock): PullDisplay {
  return new PullLine(output, image, clock)
}

class PullLine implements PullDisplay {
  readonly #output: Output
  readonly #line: StatusLine
  readonly #image: string
  readonly #layers = new Map<string, ProgressEvent>()

  constructor(output: Output, image: string, clock: Clock) {
    this.#output = output
    this.#line = createStatusLine(output, clock)
    this.#image = image
  }

  onProgress(event: ProgressEvent): void {
    if (this.#layers.size === 0 && this.#output.isTTY !== true) this.#output.write(`Pulling ${this.#image}\n`)
    // An event without a size, such as "verifying", keeps the known size of its layer.
    this.#layers.set(event.id, { ...this.#layers.get(event.id), ...event })
    const layers = [...this.#layers.values()].filter(({ totalBytes }) => totalBytes !== undefined)
    const current = sum(layers.map(({ currentBytes = 0 }) => currentBytes))
    const all = sum(layers.map(({ totalBytes = 0 }) => totalBytes))
    const amount = all === 0 ? '' : ` ${prettyBytes(current)} of ${prettyBytes(all)}`
    this.#line.show(`Pulling ${this.#image}:${amount} ${event.status}`)
  }

  succeed(text: string): void {
    this.#line.finish('done', text)
  }

  clear(): void {
    this.#line.clear()
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
