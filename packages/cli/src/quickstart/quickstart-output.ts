import { toDuration } from '../render/duration.js'
import { type PageStyle, toPageStyle } from '../render/page.js'
import type { Io, Output } from '../terminal/io.js'

/** Writes the numbered steps of the quickstart with their durations, and marks them if they are simulated. */
export class QuickstartOutput {
  readonly page: PageStyle
  /** The width of the text of a step. */
  readonly width: number
  readonly #output: Output
  readonly #suffix: string
  #steps = 0

  constructor(io: Io, { simulated }: { readonly simulated: boolean }) {
    this.#output = io.stdout
    this.#suffix = simulated ? ' (simulated)' : ''
    this.page = toPageStyle(io)
    this.width = this.page.width - margin.length
  }

  /** Writes indented lines. */
  write(text: string): void {
    this.#output.write(text.replaceAll(/^(?=.)/gm, margin))
  }

  /** Writes the title of a step, runs it, and writes its result and duration. Resolves with `succeeded` of the result. */
  async step(title: string, act: () => Promise<StepResult>): Promise<boolean> {
    this.#steps += 1
    const { style } = this.page
    this.#output.write(`${style('bold', `${this.#steps}. ${title}${this.#suffix}`)}\n`)
    const started = performance.now()
    const { text, succeeded } = await act()
    const took = style('dim', toDuration(performance.now() - started))
    const mark = succeeded ? style('green', '✔') : style('red', '✖')
    this.#output.write(`${margin}${mark} ${text}${this.#suffix}, ${took}\n\n`)
    return succeeded
  }
}

/** The result of a step. */
export interface StepResult {
  readonly text: string
  readonly succeeded: boolean
}

/** The indentation of the text of a step. */
export const margin = '   '
