import type { BuildProgress } from '@capstan/core'
import type { Io } from '../io.js'
import { type Clock, quietMs, systemClock } from './clock.js'
import { toDuration } from './duration.js'
import { toShownLine } from './printable.js'
import { createStatusLine, type StatusLine } from './status-line.js'
import { toJsonLine } from './write-output.js'

/** Shows a build while it goes on. */
export interface BuildDisplay {
  onProgress(event: BuildProgress): void
  succeed(text: string): void
  /** Shows the last lines of the build where they were not seen before. */
  fail(text: string): void
  /** Takes away what is not finished. */
  clear(): void
}

export type ProgressKind = 'auto' | 'plain' | 'json' | 'quiet'

/** `auto`: one line that is rewritten on a terminal, `plain` elsewhere. Events in JSON go to stdout, all else to stderr. */
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

/** Writes the builder's own lines, and the elapsed time after each 10 seconds without one. */
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
    // Ids of the classic builder's intermediate images: nothing to read.
    if (/^\s*(--->.*)?$/.test(line)) return
    this.#last.push(line)
    if (this.#last.length > keptLines) this.#last.shift()
    const place = step === undefined ? '' : `[${step}${totalSteps === undefined ? '' : `/${totalSteps}`}] `
    // The classic builder says the place itself.
    this.#line.show(place + line.replace(/^Step \d+\/\d+ : /, ''))
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
