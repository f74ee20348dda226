import type { ServiceProgress } from '@capstan/core'
import type { Output } from '../terminal/io.js'
import { toOneLine } from './printable.js'
import { createStatusLine } from './status-line.js'

/** Shows the progress of a service that is converging. Disposing removes an unfinished line. */
export interface ServiceDisplay extends Disposable {
  readonly onProgress: (progress: ServiceProgress) => void
}

/** Creates a display: one line that is rewritten on a terminal, else a line for each change. */
export function createServiceDisplay(
  output: Output,
  service: string,
  { quiet = false }: { readonly quiet?: boolean } = {},
): ServiceDisplay {
  if (quiet) return { onProgress: () => undefined, [Symbol.dispose]: () => undefined }
  const line = output.isTTY === true && output.columns ? createStatusLine(output) : undefined
  let written = ''
  const write = (text: string) => {
    if (text !== written) output.write(`${text}\n`)
    written = text
  }
  return {
    onProgress: (progress) => {
      const text = `${service}: ${toOneLine(describeProgress(progress))}`
      if (line === undefined) write(text)
      else line.show(text)
    },
    [Symbol.dispose]: () => line?.clear(),
  }
}

/** Describes the progress in one line: `1 of 3 tasks run, updating; no suitable node`. */
function describeProgress({ running, desired, phase, tasks }: ServiceProgress): string {
  const waiting = tasks.filter(({ state }) => state !== 'running')
  const reasons = [...new Set(waiting.flatMap(({ reason }) => reason ?? []))]
  const [first = '', ...others] = reasons
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `${running} of ${desired} tasks run, ${phases[phase]}${first && `; ${first}${more}`}`
}

const phases: Readonly<Record<ServiceProgress['phase'], string>> = {
  starting: 'starting',
  updating: 'updating',
  verifying: 'verifying that they keep running',
  rollingBack: 'restoring the previous settings',
}
