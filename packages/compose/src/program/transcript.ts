import { type ComposeStep, parseOutputLine } from './output-lines.js'

/** Collects what one run of Compose prints, for its progress and for the error with which it fails. */
export class Transcript {
  /** Called with each step. */
  onStep: (step: ComposeStep) => void = () => {}
  readonly #texts: string[] = []
  readonly #errors: string[] = []
  readonly #steps: ComposeStep[] = []
  readonly #requested = new Set<string>()

  /** Adds a line of its output. */
  add(line: string): void {
    for (const parsed of [parseOutputLine(line)].flat()) {
      if (parsed.type === 'error') this.#errors.push(parsed.message)
      else if (parsed.type === 'text') keepLast(this.#texts, parsed.text)
      else {
        keepLast(this.#steps, parsed.step)
        this.#watchRequest(parsed.step)
        this.onStep(parsed.step)
      }
    }
  }

  #watchRequest({ kind, name, status }: ComposeStep): void {
    if (kind !== 'network' && kind !== 'volume' && kind !== 'container') return
    if (/^(Creating|Recreate)$/.test(status)) this.#requested.add(name)
    // Compose also reports these for requests that it gives up when it is ended or another one fails. The engine goes on with them.
    else if (!/^(Error|Interrupted|Cancell?ed)/.test(status)) this.#requested.delete(name)
  }

  /** The error with which Compose ended, or its last texts where it does not mark the error. */
  get failure(): string {
    if (this.#errors.length > 0) return this.#errors.join('\n')
    const texts = this.#texts.filter((text) => text.trim() !== '' && !isWarning(text))
    return texts.at(-1) ?? ''
  }

  /** The last lines that are neither steps nor warnings. */
  get lastLines(): readonly string[] {
    return this.#texts.filter((text) => text.trim() !== '' && !isWarning(text)).slice(-lastLineCount)
  }

  /** The names of the networks, volumes and containers that Compose has requested, and for which it has no answer yet. */
  get pending(): readonly string[] {
    return [...this.#requested]
  }

  /** The last steps, in order. */
  get steps(): readonly ComposeStep[] {
    return this.#steps
  }
}

function keepLast<T>(list: T[], element: T): void {
  list.push(element)
  if (list.length > keptCount) list.shift()
}

/** `time="…" level=warning msg="…"` */
function isWarning(text: string): boolean {
  return /^time="[^"]*" level=(warning|info|debug)/.test(text)
}

const keptCount = 1_000
const lastLineCount = 20
