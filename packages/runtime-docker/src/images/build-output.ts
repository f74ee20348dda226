import type { BuildProgress } from '@capstan/core'

/**
 * The information read so far from the text of a classic build: its steps, output and result. The text may be split
 * anywhere.
 */
export class BuildOutput {
  /** The line of the current step: `Step 2/3 : RUN make`. */
  step: string | undefined
  /** The instruction of the current step: `RUN make`. */
  command: string | undefined
  /** The shortened id of the image, from the text, for engines that do not send it in a message. */
  builtId: string | undefined
  readonly #lastLines: string[] = []
  #number: number | undefined
  #total: number | undefined
  #rest = ''
  #isError = false
  #isAdded = false
  readonly #addedSteps: number

  /** `addedSteps`: the number of steps appended to the caller's Dockerfile, which are neither reported nor counted. */
  constructor(addedSteps = 0) {
    this.#addedSteps = addedSteps
  }

  /** The last 20 lines of output of the current step. */
  get lastLines(): readonly string[] {
    return this.#lastLines
  }

  /** Adds text of the engine. Returns the lines that are complete now. */
  add(text: string): readonly BuildProgress[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#take(line))
  }

  /** Returns the last line when it has no line end. */
  end(): readonly BuildProgress[] {
    return this.add(this.#rest === '' ? '' : '\n')
  }

  #take(raw: string): readonly BuildProgress[] {
    const { text: line, isError } = this.#uncolour(raw)
    if (line.trim() === '') return []
    const step = this.#enter(line)
    const text = step ?? line
    if (step === undefined && !ownLine.test(text)) this.#keep(text)
    this.builtId = builtLine.exec(text)?.[1] ?? this.builtId
    if (this.#isAdded && !resultLine.test(text)) return []
    return [{ step: this.#number, totalSteps: this.#total, text, stream: isError ? 'stderr' : 'stdout' }]
  }

  /** Returns the line to report when it starts a step. */
  #enter(line: string): string | undefined {
    const [, stage, stages, word, number, all, colon, command] = stepLine.exec(line) ?? []
    if (command === undefined) return undefined
    const total = Number(all) - (stage === stages ? this.#addedSteps : 0)
    this.#isAdded = Number(number) > total
    if (this.#isAdded) return ''
    this.step = `${word} ${number}/${total}${colon}${command}`
    this.command = command
    this.#number = Number(number)
    this.#total = total
    this.#lastLines.length = 0
    return this.step
  }

  #keep(line: string): void {
    this.#lastLines.push(line)
    if (this.#lastLines.length > mostLines) this.#lastLines.shift()
  }

  /**
   * Removes colours. The classic builder prints a command's stderr in red:
   * https://github.com/moby/moby/blob/master/pkg/streamformatter/streamformatter.go
   */
  #uncolour(raw: string): { readonly text: string; readonly isError: boolean } {
    const wasError = this.#isError
    const lastMark = Math.max(raw.lastIndexOf(red), raw.lastIndexOf(plain))
    if (lastMark !== -1) this.#isError = raw.startsWith(red, lastMark)
    const isEndOnly = raw.startsWith(plain)
    const text = raw.replaceAll(red, '').replaceAll(plain, '').replace(/\r$/, '')
    return { text, isError: raw.includes(red) || (wasError && !isEndOnly) }
  }
}

const red = '\u001b[91m'
const plain = '\u001b[0m'
const mostLines = 20
/**
 * `Step 2/3 : RUN make`, or from Buildah `STEP 2/3: RUN make` and `[1/2] STEP 2/3: RUN make`, where each stage has its own
 * numbers.
 */
const stepLine = /^(?:\[(\d+)\/(\d+)\] )?(step) (\d+)\/(\d+)( ?: )(.+)$/i
/** The messages of the builder itself between two steps. */
const ownLine = /^ ---> |^(Removing intermediate container|Successfully (built|tagged)) /
const resultLine = /^Successfully (built|tagged) /
const builtLine = /^Successfully built ([0-9a-f]{12,64})$/
