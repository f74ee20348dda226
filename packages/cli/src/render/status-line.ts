import type { Ora } from 'ora'
import type { Output } from '../io.js'
import { type Clock, quietMs, systemClock } from './clock.js'
import { toDuration } from './duration.js'
import { toOneLine } from './printable.js'
import { cutLine } from './text.js'

/** One line about work in progress: rewritten on a terminal, and written every 10 seconds elsewhere. */
export interface StatusLine {
  /** Replaces what the line says. */
  show(text: string): void
  /** A line that stays, with a mark for how it went. */
  finish(mark: 'done' | 'failed', text: string): void
  /** Takes the line away. */
  clear(): void
}

export function createStatusLine(output: Output, clock: Clock = systemClock): StatusLine {
  // A line can be rewritten only where its width is known.
  return output.isTTY === true && output.columns ? new SpinnerLine(output) : new PlainLine(output, clock)
}

/** Loads its library when there is something to show: most runs pull nothing. */
class SpinnerLine implements StatusLine {
  readonly #output: Output
  #loading: Promise<void> | undefined
  #spinner: Ora | undefined
  #text = ''
  #isOver = false

  constructor(output: Output) {
    this.#output = output
  }

  show(text: string): void {
    this.#text = cutLine(toOneLine(text), (this.#output.columns ?? 80) - 3)
    this.#isOver = false
    if (this.#spinner === undefined) this.#loading ??= this.#load().catch(noSpinner)
    else this.#spin(this.#spinner)
  }

  finish(mark: 'done' | 'failed', text: string): void {
    this.clear()
    this.#output.write(`${mark === 'done' ? '✔' : '✖'} ${text}\n`)
  }

  clear(): void {
    this.#isOver = true
    this.#spinner?.stop()
  }

  async #load(): Promise<void> {
    const { default: ora } = await import('ora')
    const stream = this.#output as NodeJS.WriteStream // `isTTY` says that it is one
    // ora would read stdin, which may be on its way into a container, and write a line for each text where CI is set.
    this.#spinner = ora({ stream, discardStdin: false, isEnabled: true })
    if (!this.#isOver) this.#spin(this.#spinner)
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
    this.#stop = this.#clock.every(quietMs, () => this.#write())
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

/** Without its library the line is not shown; what it tells of goes on. */
function noSpinner(): void {}
