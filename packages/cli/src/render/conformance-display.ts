import type { CaseResult } from '@capstan/conformance'
import type { Output } from '../terminal/io.js'
import { toPrintable } from './printable.js'
import { createStatusLine, type StatusLine } from './status-line.js'

/** Shows the number of finished cases, and each failed case. */
export interface ConformanceDisplay {
  onResult(result: CaseResult): void
  /** Removes the line. */
  clear(): void
}

/** Creates a display: one line that is rewritten on a terminal, else one every 10 seconds and one at the end. */
export function createConformanceDisplay(output: Output, total: number): ConformanceDisplay {
  return new CountingDisplay(output, total)
}

class CountingDisplay implements ConformanceDisplay {
  readonly #output: Output
  readonly #line: StatusLine
  readonly #total: number
  #ended = 0
  #failed = 0

  constructor(output: Output, total: number) {
    this.#output = output
    this.#line = createStatusLine(output)
    this.#total = total
  }

  onResult(result: CaseResult): void {
    this.#ended += 1
    if (result.status === 'failed') {
      this.#failed += 1
      this.#line.finish('failed', toPrintable(`${result.id} ${result.title}`))
    }
    const counts = `${this.#ended} of ${this.#total} cases, ${this.#failed} failed`
    this.#line.show(`${counts}: ${result.id} ${toPrintable(result.title)}`)
    if (this.#output.isTTY !== true && this.#ended === this.#total) this.#output.write(`${counts}\n`)
  }

  clear(): void {
    this.#line.clear()
  }
}
