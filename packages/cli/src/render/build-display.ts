import type { BuildProgress } from '@capstan/core'
import type { Io } from '../terminal/io.js'
import { type Clock, quietMs, systemClock } from './clock.js'
import { toDuration } from './duration.js'
import { toShownLine } from './printable.js'
import { createStatusLine, type StatusLine } from './status-line.js'
import { toJsonLine } from './write-output.js'

/** Shows the progress of a build by the runtime's builder. */
export interface BuildDisplay {
  onProgress(event: BuildProgress): void
  succeed(text: string): void
  /** Writes the last lines of the build unless they are visible already. */
  fail(text: string): void
  /** Removes an unfinished line. */
  clear(): void
}

/** The value of `--progress`. `auto`: rewrites lines on a terminal, else as `plain`. */
export type ProgressKind = 'auto' | 'plain' | 'json' | 'quiet'

/** Creates a display. JSON events go to stdout, everything else to stderr. */
export function createBuildDisplay(
  { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>,
  kind: ProgressKind,
  clock: Clock = systemClock,
): BuildDisplay {
  if (kind === 'quiet') return silent
  if (kind === 'json') {
    return { ...silent, onProgress: (event) => void stdout.write(toJsonLine({ event: 'progress', ...event })) }
  }
  if (kind === 'auto' && stderr.isTTY === true && stderr.columns)
    return new TerminalDisplay(createStatusLine(stderr), stderr)
  return new PlainDisplay(stderr, clock)
}

const silent: BuildDisplay = {
  onProgress: () => undefined,
  succeed: () => undefined,
  fail: () => undefined,
  clear: () => undefined,
}

/** Writes the lines of the builder, and the elapsed time after every 10 seconds without a line. */
class PlainDisplay implements BuildDisplay {
  readonly #output: NodeJS.WritableStream
  readonly #stop: () => void
  #isQuiet = true

  constructor(output: NodeJS.WritableStream, clock: Clock) {
    this.#output = output
    const startedAt = clock.now()
    this.#stop = clock.every(quietMs, () => {
      if (this.#isQuiet) output.write(`building, ${toDuration(clock.now() - startedAt)}\n`)
      this.#isQuiet = true
    })
  }

  onProgress({ text }: BuildProgress): void {
    this.#isQuiet = false
    this.#output.write(`${toShownLine(text)}\n`)
  }

  succeed(text: string): void {
    this.#stop()
    this.#output.write(`${text}\n`)
  }

  fail(): void {
    this.#stop()
  }

  clear(): void {
    this.#stop()
  }
}

class TerminalDisplay implements BuildDisplay {
  readonly #line: StatusLine
  readonly #output: NodeJS.WritableStream
  readonly #last: string[] = []

  constructor(line: StatusLine, output: NodeJS.WritableStream) {
    this.#line = line
    this.#output = output
    line.show('Building')
  }

  onProgress({ step, totalSteps, text }: BuildProgress): void {
    const line = toShownLine(text).trimEnd()
    // The classic builder prints IDs of intermediate images, which are of no interest.
    if (/^\s*(--->.*)?$/.test(line)) return
    this.#last.push(line)
    if (this.#last.length > keptLines) this.#last.shift()
    const counter = step === undefined ? '' : `[${step}${totalSteps === undefined ? '' : `/${totalSteps}`}] `
    // The classic builder prefixes its lines with the step.
    this.#line.show(counter + line.replace(/^Step \d+\/\d+ : /, ''))
  }

  succeed(text: string): void {
    this.#line.finish('done', text)
  }

  fail(text: string): void {
    this.#line.finish('failed', text)
    for (const line of this.#last) this.#output.write(`  ${line}\n`)
  }

  clear(): void {
    this.#line.clear()
  }
}

const keptLines = 20
