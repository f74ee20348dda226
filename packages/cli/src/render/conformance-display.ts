import type { CaseResult } from '@capstan/conformance'
import type { Output } from '../terminal/io.js'
import { toPrintable } from './printable.js'
import { createStatusLine } from './status-line.js'

/** Shows the number of finished cases, and each failed case. Disposing removes the line. */
export interface ConformanceDisplay extends Disposable {
  readonly onResult: (result: CaseResult) => void
}

/** Creates a display: one line that is rewritten on a terminal, else one every 10 seconds and one at the end. */
export function createConformanceDisplay(output: Output, total: number): ConformanceDisplay {
  const line = createStatusLine(output)
  let ended = 0
  let failed = 0
  return {
    onResult: ({ id, title, status }) => {
      const name = `${id} ${toPrintable(title)}`
      ended += 1
      if (status === 'failed') {
        failed += 1
        line.finish('failed', name)
      }
      const counts = `${ended} of ${total} cases, ${failed} failed`
      line.show(`${counts}: ${name}`)
      if (output.isTTY !== true && ended === total) output.write(`${counts}\n`)
    },
    [Symbol.dispose]: () => line.clear(),
  }
}
