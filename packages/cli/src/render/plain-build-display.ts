import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import type { Output } from '../terminal/io.js'
import { type BuildDisplay, type BuildWarning, toBuilderText, toFailedSteps, toWarningList } from './build-display.js'
import { type BuildKitStep, BuildKitSteps, type StepChange, type StepLine, toSeconds } from './buildkit-steps.js'
import { type Clock, progressIntervalMs } from './clock.js'
import { toDuration } from './duration.js'
import { toOneLine } from './printable.js'

/**
 * Writes a line per event, with the number of the step, since steps run in parallel, as docker does. Every 10 seconds it
 * writes the bytes that a step has transferred, or, when nothing else was written, the elapsed time of the first running step.
 */
export class PlainBuildDisplay implements BuildDisplay {
  readonly #output: Output
  readonly #clock: Clock
  readonly #steps: BuildKitSteps
  /** Steps whose end is not written yet, because BuildKit may start them again at once, with the times of their ends. */
  readonly #completed = new Map<BuildKitStep, number>()
  /** Steps whose name is written. */
  readonly #named = new Set<BuildKitStep>()
  readonly #writtenProgress = new Map<BuildKitStep, string | undefined>()
  readonly #warnings: BuildWarning[] = []
  readonly #stops: (() => void)[] = []
  #startedAt = 0
  /** Whether a line was written since the last interval. */
  #hasWritten = false
  /** Whether a name was written. Later ones follow an empty line. */
  #hasNamed = false

  constructor(output: Output, clock: Clock) {
    this.#output = output
    this.#clock = clock
    this.#steps = new BuildKitSteps(clock.now)
  }

  start(): void {
    if (this.#stops.length > 0) return
    this.#startedAt = this.#clock.now()
    this.#stops.push(
      this.#clock.every(progressIntervalMs, () => this.#writeProgress()),
      this.#clock.every(endIntervalMs, () => this.#writeCompleted()),
    )
  }

  onEvent(event: BuildProgressEvent): void {
    this.start()
    if ('at' in event) this.#writeCompleted(event.at.getTime() - restartMs)
    if (event.type === 'warning') this.#addWarning(event)
    if (event.type === 'builder') this.#write(toBuilderText(event))
    const change = this.#steps.apply(event)
    if (change !== undefined) this.#writeChange(change, 'at' in event ? event.at : new Date(0))
  }

  succeed(text: string): void {
    this.#end()
    this.#output.write(`${toWarningList(this.#warnings)}${text}\n`)
  }

  /** The output of a failed step may be far above, between that of other steps, so its end is written again. */
  fail(): void {
    this.#end()
    this.#output.write(toFailedSteps(this.#steps.all) + toWarningList(this.#warnings))
  }

  #end(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#writeCompleted()
    if (this.#hasNamed) this.#output.write('\n')
  }

  #addWarning(warning: BuildWarning): void {
    this.#warnings.push(warning)
    this.#write(`warning: ${toOneLine(warning.message)}`)
  }

  #writeChange({ step, isNewState, lines }: StepChange, at: Date): void {
    if (step.state === 'started' && isNewState) this.#completed.delete(step)
    if (!this.#named.has(step)) this.#writeName(step)
    for (const line of lines) this.#writeLine(step, toLineText(line))
    if (!isNewState || step.state === 'started') return
    if (step.state === 'completed') this.#completed.set(step, at.getTime())
    else this.#writeLine(step, toEnd(step))
  }

  /** Writes the ends of steps that ended before a time of BuildKit's clock, by default of all. */
  #writeCompleted(before = Number.POSITIVE_INFINITY): void {
    for (const [step, endedAt] of this.#completed) {
      if (endedAt > before) continue
      this.#completed.delete(step)
      this.#writeLine(step, toEnd(step))
      // If it starts again later, its name is written again.
      this.#named.delete(step)
    }
  }

  #writeProgress(): void {
    const running = this.#steps.all.filter((step) => step.state === 'started' && this.#named.has(step))
    const changed = running.filter(
      (step) => step.progress !== undefined && step.progress !== this.#writtenProgress.get(step),
    )
    for (const step of changed) {
      this.#writtenProgress.set(step, step.progress)
      this.#writeLine(step, step.progress ?? '')
    }
    if (!this.#hasWritten) this.#output.write(`${this.#toElapsed(running[0])}\n`)
    this.#hasWritten = false
  }

  #toElapsed(step: BuildKitStep | undefined): string {
    const now = this.#clock.now()
    if (step === undefined) return `building, ${toDuration(now - this.#startedAt)}`
    return `#${step.number} running, ${toDuration(now - step.runningSince)}`
  }

  #writeName(step: BuildKitStep): void {
    if (this.#hasNamed) this.#output.write('\n')
    this.#hasNamed = true
    this.#named.add(step)
    this.#writeLine(step, step.name)
  }

  #writeLine({ number }: BuildKitStep, text: string): void {
    this.#write(`#${number} ${text}`)
  }

  #write(line: string): void {
    this.#hasWritten = true
    this.#output.write(`${line}\n`)
  }
}

/** Three digits are enough: 0.412, 12.34, 123.4. */
function toLineText({ text, seconds }: StepLine): string {
  if (seconds === undefined) return text
  const decimals = seconds < 10 ? 3 : seconds < 100 ? 2 : 1
  return `${seconds.toFixed(decimals)} ${text}`
}

function toEnd({ state, error = '', durationMs }: BuildKitStep): string {
  switch (state) {
    case 'cached':
      return 'CACHED'
    case 'failed':
      return `ERROR: ${error}`
    case 'canceled':
      return 'CANCELED'
    default:
      return `DONE ${toSeconds(durationMs)}s`
  }
}

/** BuildKit starts a step again within a millisecond if it does. */
const restartMs = 10
/** How often the ends of steps are written. A step that BuildKit ends and starts again at once is written once. */
const endIntervalMs = 500
