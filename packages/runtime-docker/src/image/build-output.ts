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

/** Reads steps, output and result from a build's text; lines may arrive in any pieces. Pure. */
export function createBuildOutput(): BuildOutput {
  return new ClassicBuildOutput()
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
    const { text, isError } = this.#uncolour(raw)
    if (text.trim() === '') return []
    const [, number, total, command] = stepLine.exec(text) ?? []
    if (command !== undefined) this.#enter(text, command, [Number(number), Number(total)])
    else if (!ownLine.test(text)) this.#keep(text)
    this.builtId = builtLine.exec(text)?.[1] ?? this.builtId
    return [{ step: this.#number, totalSteps: this.#total, text, stream: isError ? 'stderr' : 'stdout' }]
  }

  #enter(step: string, command: string, [number, total]: readonly [number, number]): void {
    this.step = step
    this.command = command
    this.#number = number
    this.#total = total
    this.#lastLines.length = 0
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
const stepLine = /^step (\d+)\/(\d+) ?: (.+)$/i
/** What the builder says itself between two steps. */
const ownLine = /^ ---> |^(Removing intermediate container|Successfully (built|tagged)) /
const builtLine = /^Successfully built ([0-9a-f]{12,64})$/
