import type { BuildKitStartProgress } from '@capstan/feature-buildkit'
import type { Output } from '../terminal/io.js'
import { type Clock, systemClock } from './clock.js'
import { createPullDisplay, type PullDisplay } from './pull-display.js'
import { createStatusLine, type StatusLine } from './status-line.js'

/** Shows the start of BuildKit: the pull of its image, if any, and the time spent waiting for its answer. */
export interface StartDisplay {
  onProgress(event: BuildKitStartProgress): void
  succeed(text: string): void
  /** Removes the line. */
  clear(): void
}

export interface StartDisplayOptions {
  /** The text of the line before the first event. Default `Starting BuildKit`. */
  readonly title?: string
  readonly clock?: Clock
}

/** Creates a display: one line that is rewritten on a terminal, else written every 10 seconds. */
export function createStartDisplay(output: Output, options: StartDisplayOptions = {}): StartDisplay {
  return new StartLine(output, options)
}

class StartLine implements StartDisplay {
  readonly #output: Output
  readonly #clock: Clock
  readonly #line: StatusLine
  readonly #pulls = new Map<string, PullDisplay>()

  constructor(output: Output, { title = 'Starting BuildKit', clock = systemClock }: StartDisplayOptions) {
    this.#output = output
    this.#clock = clock
    this.#line = createStatusLine(output, clock)
    this.#line.show(title)
  }

  onProgress(event: BuildKitStartProgress): void {
    if (event.phase === 'pulling') {
      this.#line.clear()
      this.#findPull(event.image).onProgress(event)
      return
    }
    this.#clearPulls()
    if (event.phase === 'ready') this.#line.clear()
    else this.#line.show(event.phase === 'waiting' ? capitalize(event.status) : toSkipped(event))
  }

  succeed(text: string): void {
    this.#clearPulls()
    this.#line.finish('done', text)
  }

  clear(): void {
    this.#clearPulls()
    this.#line.clear()
  }

  #findPull(image: string): PullDisplay {
    const pull = this.#pulls.get(image) ?? createPullDisplay(this.#output, image, this.#clock)
    this.#pulls.set(image, pull)
    return pull
  }

  #clearPulls(): void {
    for (const pull of this.#pulls.values()) pull.clear()
  }
}

function toSkipped({ privilege, status }: Extract<BuildKitStartProgress, { phase: 'skipped' }>): string {
  return `Starting BuildKit: ${privilege} was skipped, ${status}`
}

function capitalize(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}
