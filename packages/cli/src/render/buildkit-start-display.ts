import type { BuildKitStartProgress } from '@capstan/feature-buildkit'
import type { Output } from '../terminal/io.js'
import { type Clock, systemClock } from './clock.js'
import { createPullDisplay, type PullDisplay } from './pull-display.js'
import { createStatusLine } from './status-line.js'

/**
 * Shows the start of BuildKit: the pull of its image, if any, and the time spent waiting for its answer. Disposing removes an
 * unfinished line.
 */
export interface BuildKitStartDisplay extends Disposable {
  readonly onProgress: (event: BuildKitStartProgress) => void
  succeed(text: string): void
}

export interface BuildKitStartDisplayOptions {
  /** The text of the line before the first event. Default `Starting BuildKit`. */
  readonly title?: string
  readonly clock?: Clock
}

/** Creates a display: one line that is rewritten on a terminal, else written every 10 seconds. */
export function createBuildKitStartDisplay(
  output: Output,
  { title = 'Starting BuildKit', clock = systemClock }: BuildKitStartDisplayOptions = {},
): BuildKitStartDisplay {
  const line = createStatusLine(output, clock)
  const pulls = new Map<string, PullDisplay>()
  const clearPulls = () => {
    for (const pull of pulls.values()) pull[Symbol.dispose]()
  }
  line.show(title)
  return {
    onProgress: (event) => {
      if (event.phase === 'pulling') {
        line.clear()
        const pull = pulls.get(event.image) ?? createPullDisplay(output, event.image, { clock })
        pulls.set(event.image, pull)
        return pull.onProgress(event)
      }
      clearPulls()
      if (event.phase === 'ready') line.clear()
      else line.show(event.phase === 'waiting' ? capitalize(event.status) : toSkipped(event))
    },
    succeed: (text) => {
      clearPulls()
      line.finish('done', text)
    },
    [Symbol.dispose]: () => {
      clearPulls()
      line.clear()
    },
  }
}

function toSkipped({ privilege, status }: Extract<BuildKitStartProgress, { phase: 'skipped' }>): string {
  return `Starting BuildKit: privilege level "${privilege}" is not used, ${status}`
}

function capitalize(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}
