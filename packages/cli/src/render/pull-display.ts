import type { ProgressEvent } from '@capstan/core'
import prettyBytes from 'pretty-bytes'
import type { Output } from '../io.js'
import { toPrintable } from './printable.js'
import { createStatusLine, type StatusLine } from './status-line.js'

/** Shows a pull while it goes on; says nothing when there is none. */
export interface PullDisplay {
  onProgress(event: ProgressEvent): void
  succeed(text: string): void
  /** Takes away what is not finished. */
  clear(): void
}

/** One line with the sum of the layers on a terminal; elsewhere a line each time that a layer goes on to something else. */
export function createPullDisplay(output: Output, image: string): PullDisplay {
  return output.isTTY === true ? new TerminalDisplay(createStatusLine(output), image) : new PlainDisplay(output)
}

class TerminalDisplay implements PullDisplay {
  readonly #line: StatusLine
  readonly #image: string
  readonly #layers = new Map<string, ProgressEvent>()

  constructor(line: StatusLine, image: string) {
    this.#line = line
    this.#image = image
  }

  onProgress(event: ProgressEvent): void {
    // An event without a size keeps the size that was known: "verifying" is no step back.
    this.#layers.set(event.id, { ...this.#layers.get(event.id), ...event })
    const layers = [...this.#layers.values()].filter(({ totalBytes }) => totalBytes !== undefined)
    const current = sum(layers.map(({ currentBytes = 0 }) => currentBytes))
    const all = sum(layers.map(({ totalBytes = 0 }) => totalBytes))
    const amount = all === 0 ? '' : ` ${prettyBytes(current)} of ${prettyBytes(all)}`
    this.#line.show(`Pulling ${this.#image}:${amount} ${toPrintable(event.status)}`)
  }

  succeed(text: string): void {
    this.#line.finish('done', text)
  }

  clear(): void {
    this.#line.clear()
  }
}

class PlainDisplay implements PullDisplay {
  readonly #output: Output
  readonly #statuses = new Map<string, string>()

  constructor(output: Output) {
    this.#output = output
  }

  onProgress({ id, status }: ProgressEvent): void {
    if (this.#statuses.get(id) === status) return
    this.#statuses.set(id, status)
    this.#output.write(`${toPrintable(`${id}: ${status}`)}\n`)
  }

  succeed(text: string): void {
    this.#output.write(`${text}\n`)
  }

  clear(): void {}
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
