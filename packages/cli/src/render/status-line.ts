import type { Ora } from 'ora'
import type { Output } from '../terminal/io.js'
import { type Clock, progressIntervalMs, systemClock } from './clock.js'
import { toDuration } from './duration.js'
import { toOneLine } from './printable.js'
import { cutLine } from './text.js'

/** A line about work in progress: rewritten on a terminal, else written every 10 seconds. */
export interface StatusLine {
  /** Replaces the text of the line. */
  show(text: string): void
  /** Removes the line and writes a final one, with a mark on a terminal. */
  finish(mark: 'done' | 'failed', text: string): void
  /** Removes the line. */
  clear(): void
}

/** Creates a {@link StatusLine} for an output. */
export function createStatusLine(output: Output, clock: Clock = systemClock): StatusLine {
  // A line can be rewritten only where its width is known.
  return output.isTTY === true && output.columns ? new SpinnerLine(output) : new PlainLine(output, clock)
}

/** Runs `work`. Until it settles, shows `text`: on a terminal after 1 second, else every 10 seconds, first after 11. */
export async function whileWaiting<T>(
  output: Output,
  text: string,
  work: () => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const line = createStatusLine(output, clock)
  const stop = clock.every(waitingDelayMs, () => line.show(text))
  try {
    return await work()
  } finally {
    stop()
    line.clear()
  }
}

/** A line with a spinner, by a library that is loaded on first use, since most commands show no progress. */
class SpinnerLine implements StatusLine {
  readonly #output: Output
  #loading: Promise<void> | undefined
  #spinner: Ora | undefined
  #text = ''
  #isCleared = false

  constructor(output: Output) {
    this.#output = output
  }

  show(text: string): void {
    this.#text = cutLine(toOneLine(text), (this.#output.columns ?? 80) - 3)
    this.#isCleared = false
    // Without the library the line is not shown. The work continues.
    if (this.#spinner === undefined) this.#loading ??= this.#load().catch(() => undefined)
    else this.#spin(this.#spinner)
  }

  finish(mark: 'done' | 'failed', text: string): void {
    this.clear()
    this.#output.write(`${mark === 'done' ? '✔' : '✖'} ${text}\n`)
  }

  clear(): void {
    this.#isCleared = true
    this.#spinner?.stop()
  }

  async #load(): Promise<void> {
    const { default: ora } = await import('ora')
    const stream = this.#output as NodeJS.WriteStream // A stream with `isTTY` is one.
    // By default ora reads stdin, which may be piped to a container, and writes a line for each text if CI is set.
    this.#spinner = ora({ stream, discardStdin: false, isEnabled: true })
    if (!this.#isCleared) this.#spin(this.#spinner)
  }

  #spin(spinner: Ora): void {
    spinner.text = this.#text
    if (!spinner.isSpinning) spinner.start()
  }
}

class PlainLine implements StatusLine {
  readonly #output: Output
  readonly #clock: Clock
  #text = ''
  #written = ''
  #startedAt = 0
  #stop: (() => void) | undefined

  constructor(output: Output, clock: Clock) {
    this.#output = output
    this.#clock = clock
  }

  show(text: string): void {
    this.#text = toOneLine(text)
    if (this.#stop !== undefined) return
    this.#startedAt = this.#clock.now()
    this.#stop = this.#clock.every(progressIntervalMs, () => this.#write())
  }

  finish(_mark: 'done' | 'failed', text: string): void {
    this.clear()
    this.#output.write(`${text}\n`)
  }

  clear(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  /** Adds the elapsed time when the text is the same as last time. */
  #write(): void {
    const passed = this.#text === this.#written ? ` (${toDuration(this.#clock.now() - this.#startedAt)})` : ''
    this.#written = this.#text
    this.#output.write(`${this.#text}${passed}\n`)
  }
}

const waitingDelayMs = 1000
