import type { Invocation } from '../invocation.js'
import type { Output } from '../io.js'
import { toDuration } from '../render/duration.js'
import { toPageStyle } from '../render/page-style.js'
import type { PageStyle } from '../render/section.js'

/** What the quickstart writes, and how long its steps take. On a simulation every line that matters says so. */
export class QuickstartStage {
  readonly page: PageStyle
  /** Columns for what is written within a step. */
  readonly width: number
  readonly #output: Output
  readonly #mark: string
  #steps = 0

  constructor({ io }: Invocation, { simulated }: { readonly simulated: boolean }) {
    this.#output = io.stdout
    this.#mark = simulated ? ' (simulated)' : ''
    this.page = toPageStyle(io)
    this.width = this.page.width - margin.length
  }

  /** Writes lines that belong to the step, set in. */
  write(text: string): void {
    this.#output.write(text.replaceAll(/^(?=.)/gm, margin))
  }

  /** Runs one step under its title; what it answers is told with the time that it took. Resolves with whether it went well. */
  async step(title: string, act: () => Promise<StepResult>): Promise<boolean> {
    this.#steps += 1
    const { style } = this.page
    this.#output.write(`${style('bold', `${this.#steps}. ${title}${this.#mark}`)}\n`)
    const started = performance.now()
    const { text, isGood } = await act()
    const took = style('dim', toDuration(performance.now() - started))
    const sign = isGood ? style('green', '✔') : style('red', '✖')
    this.#output.write(`${margin}${sign} ${text}${this.#mark}, ${took}\n\n`)
    return isGood
  }
}

/** How a step went, in words. */
export interface StepResult {
  readonly text: string
  readonly isGood: boolean
}

/** How far the lines of a step are set in. */
export const margin = '   '
