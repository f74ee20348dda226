import type { Ora } from 'ora'
import type { Output } from '../io.js'
import { cutLine } from './text.js'

/** One line that tells what goes on, where there is a terminal to rewrite it; else nothing but the lines that stay. */
export interface StatusLine {
  /** Replaces what the line says. */
  show(text: string): void
  /** A line that stays, with a mark for how it went. */
  finish(mark: 'done' | 'failed', text: string): void
  /** Takes the line away. */
  clear(): void
}

export function createStatusLine(output: Output): StatusLine {
  // Lines cannot be rewritten where nobody knows how wide they are.
  return output.isTTY === true && output.columns ? new SpinnerLine(output) : new PlainLine(output)
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
    this.#text = cutLine(text, (this.#output.columns ?? 80) - 3)
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
    // ora would read stdin, which may be on its way into a container.
    this.#spinner = ora({ stream: this.#output as NodeJS.WriteStream, discardStdin: false }) // `isTTY` says that it is one
    if (!this.#isOver) this.#spin(this.#spinner)
  }

  #spin(spinner: Ora): void {
    spinner.text = this.#text
    if (!spinner.isSpinning) spinner.start()
  }
}

class PlainLine implements StatusLine {
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  show(): void {}

  finish(_mark: 'done' | 'failed', text: string): void {
    this.#output.write(`${text}\n`)
  }

  clear(): void {}
}

/** Without its library the line is not shown; what it tells of goes on. */
function noSpinner(): void {}
