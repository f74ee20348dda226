import type { BuildProgress } from '@capstan/core'

/** What the text of a classic build has told so far. */
export interface BuildOutput {
  /** Adds what the engine sent; gives the lines that became whole. */
  add(text: string): readonly BuildProgress[]
  /** The last line, when it has no end. */
  end(): readonly BuildProgress[]
  /** The step under way, as the engine announced it: `Step 2/3 : RUN make`. */
  readonly step: string | undefined
  /** Its instruction: `RUN make`. */
  readonly command: string | undefined
  /** What the step under way has printed, the last 20 lines. */
  readonly lastLines: readonly string[]
  /** The id, shortened, of an engine that says it in words alone. */
  readonly builtId: string | undefined
}

/**
 * Reads steps, output and result from a build's text; lines may arrive in any pieces. Pure.
 *
 * `addedSteps` at the end, which are not of the caller's Dockerfile, are neither shown nor counted.
 */
export function createBuildOutput(addedSteps = 0): BuildOutput {
  return new ClassicBuildOutput(addedSteps)
}

class ClassicBuildOutput implements BuildOutput {
  step: string | undefined
  command: string | undefined
  builtId: string | undefined
  readonly #lastLines: string[] = []
  #number: number | undefined
  #total: number | undefined
  #rest = ''
  #isError = false
  #isAdded = false
  readonly #addedSteps: number

  constructor(addedSteps: number) {
    this.#addedSteps = addedSteps
  }

  get lastLines(): readonly string[] {
    return this.#lastLines
  }

  add(text: string): readonly BuildProgress[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#take(line))
  }

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

  /** The line as it is shown, when it begins a step. */
  #enter(line: string): string | undefined {
    const [, word, number, all, colon, command] = stepLine.exec(line) ?? []
    if (command === undefined) return undefined
    const total = Number(all) - this.#addedSteps
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

  /** The classic builder marks what a command wrote to stderr by printing it red: https://github.com/moby/moby/blob/master/pkg/streamformatter/streamformatter.go */
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
/** `Step 2/3 : RUN make`; Buildah (Podman) says `STEP 2/3: RUN make`. */
const stepLine = /^(step) (\d+)\/(\d+)( ?: )(.+)$/i
/** What the builder says itself between two steps. */
const ownLine = /^ ---> |^(Removing intermediate container|Successfully (built|tagged)) /
const resultLine = /^Successfully (built|tagged) /
const builtLine = /^Successfully built ([0-9a-f]{12,64})$/
