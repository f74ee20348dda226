import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import type { Io, Output } from '../terminal/io.js'
import { type BuildKitStep, BuildKitSteps, type StepChange } from './buildkit-steps.js'
import { toBuildKitStepsPage } from './buildkit-steps-page.js'
import { type Clock, progressIntervalMs, systemClock } from './clock.js'
import { toDuration } from './duration.js'
import { toStyle } from './page.js'
import { toOneLine } from './printable.js'
import type { ProgressKind } from './runtime-build-display.js'
import { toJsonLine } from './write-output.js'

/** Shows the progress of a build by BuildKit, from {@link start} or the first event on. */
export interface BuildKitBuildDisplay {
  start(): void
  onEvent(event: BuildProgressEvent): void
  /** Writes a final line. */
  succeed(text: string): void
  /** On a terminal, writes the failed steps and `text`. Elsewhere writes nothing: the steps were written already. */
  fail(text: string): void
}

/** Creates a display. JSON events go to stdout, everything else to stderr. */
export function createBuildKitBuildDisplay(
  io: Pick<Io, 'stdout' | 'stderr' | 'env'>,
  kind: ProgressKind,
  clock: Clock = systemClock,
): BuildKitBuildDisplay {
  if (kind === 'quiet') return silent
  if (kind === 'json') return createJsonDisplay(io.stdout)
  return kind === 'auto' && io.stderr.isTTY === true && io.stderr.columns
    ? new LiveDisplay(io, clock)
    : new PlainDisplay(io.stderr, clock)
}

const silent: BuildKitBuildDisplay = {
  start: () => undefined,
  onEvent: () => undefined,
  succeed: () => undefined,
  fail: () => undefined,
}

/** Writes one JSON document per event. Output is decoded to text, in complete characters. */
function createJsonDisplay(output: Output): BuildKitBuildDisplay {
  const decoders = new Map<string, StringDecoder>()
  /** Returns `undefined` while the bytes are an incomplete character. */
  const toText = ({ bytes, ...log }: Extract<BuildProgressEvent, { type: 'log' }>) => {
    const stream = `${log.stepId} ${log.stream}`
    const decoder = decoders.get(stream) ?? new StringDecoder('utf8')
    decoders.set(stream, decoder)
    const text = decoder.write(Buffer.from(bytes))
    return text === '' ? undefined : { ...log, text }
  }
  return {
    ...silent,
    onEvent: (event) => {
      const document = event.type === 'log' ? toText(event) : event
      if (document === undefined) return
      const { type, ...rest } = document
      output.write(toJsonLine({ event: type, ...rest }))
    },
  }
}

/**
 * Writes a line per event, with the number of the step, since steps run in parallel. Every 10 seconds it writes the bytes
 * that a step has transferred, or, when nothing else was written, the elapsed time of the first running step.
 */
class PlainDisplay implements BuildKitBuildDisplay {
  readonly #output: Output
  readonly #clock: Clock
  readonly #steps: BuildKitSteps
  /** Steps whose end is not written yet, because BuildKit may start them again at once. */
  readonly #completed = new Set<BuildKitStep>()
  /** Steps whose name is written. */
  readonly #named = new Set<BuildKitStep>()
  readonly #writtenProgress = new Map<BuildKitStep, string | undefined>()
  readonly #stops: (() => void)[] = []
  #startedAt = 0
  /** Whether a line was written since the last interval. */
  #hasWritten = false

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
    if (event.type === 'warning') this.#write(toWarning(event.message))
    const change = this.#steps.apply(event)
    if (change !== undefined) this.#writeChange(change)
  }

  succeed(text: string): void {
    this.#end()
    this.#output.write(`${text}\n`)
  }

  fail(): void {
    this.#end()
  }

  #end(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#writeCompleted()
  }

  #writeChange({ step, isNewState, lines }: StepChange): void {
    const mark = `#${step.number}`
    if (step.state === 'started' && isNewState) this.#completed.delete(step)
    if (!this.#named.has(step)) this.#write(`${mark} ${step.name}\n`)
    this.#named.add(step)
    for (const text of lines) this.#write(`${mark} ${text}\n`)
    if (!isNewState || step.state === 'started') return
    if (step.state === 'completed') this.#completed.add(step)
    else this.#write(`${mark} ${toEnd(step)}\n`)
  }

  #writeCompleted(): void {
    for (const step of this.#completed) {
      this.#write(`#${step.number} ${toEnd(step)}\n`)
      // If it starts again later, its name is written again.
      this.#named.delete(step)
    }
    this.#completed.clear()
  }

  #writeProgress(): void {
    const running = this.#steps.all.filter((step) => step.state === 'started' && this.#named.has(step))
    const changed = running.filter(
      (step) => step.progress !== undefined && step.progress !== this.#writtenProgress.get(step),
    )
    for (const step of changed) {
      this.#writtenProgress.set(step, step.progress)
      this.#output.write(`#${step.number} ${step.progress}\n`)
    }
    if (!this.#hasWritten && changed.length === 0) this.#output.write(`${this.#toElapsed(running[0])}\n`)
    this.#hasWritten = false
  }

  #toElapsed(step: BuildKitStep | undefined): string {
    const now = this.#clock.now()
    if (step === undefined) return `building, ${toDuration(now - this.#startedAt)}`
    return `#${step.number} running, ${toDuration(now - step.runningSince)}`
  }

  #write(text: string): void {
    this.#hasWritten = true
    this.#output.write(text)
  }
}

function toEnd({ state, durationMs }: BuildKitStep): string {
  if (state === 'cached') return 'cached'
  return `${state === 'failed' ? 'failed after' : 'done'} ${toDuration(durationMs)}`
}

/** Redraws a page several times a second, by a library that is loaded on first use. */
class LiveDisplay implements BuildKitBuildDisplay {
  readonly #io: Pick<Io, 'stderr' | 'env'>
  readonly #clock: Clock
  readonly #steps: BuildKitSteps
  #page: ((text: string) => void) & { clear(): void; done(): void } = noPage
  #stop: (() => void) | undefined
  #startedAt = 0
  readonly #warnings: string[] = []

  constructor(io: Pick<Io, 'stderr' | 'env'>, clock: Clock) {
    this.#io = io
    this.#clock = clock
    this.#steps = new BuildKitSteps(clock.now)
  }

  start(): void {
    if (this.#stop !== undefined) return
    this.#startedAt = this.#clock.now()
    this.#stop = this.#clock.every(redrawMs, () => this.#draw())
    // Without the library nothing is drawn. The build continues.
    this.#load().catch(() => undefined)
  }

  onEvent(event: BuildProgressEvent): void {
    this.start()
    this.#steps.apply(event)
    if (event.type === 'warning') this.#warnings.push(event.message)
  }

  succeed(text: string): void {
    this.#end()
    this.#io.stderr.write(`✔ ${text}\n`)
  }

  fail(text: string): void {
    this.#end()
    const failed = this.#steps.all.filter(({ state }) => state === 'failed')
    if (failed.length > 0) this.#io.stderr.write(`${this.#toPage(failed, Number.POSITIVE_INFINITY)}\n`)
    this.#io.stderr.write(`✖ ${text}\n`)
  }

  /** Replaces the page with the warnings, which it does not show. */
  #end(): void {
    this.#stop?.()
    this.#page.clear()
    this.#page.done()
    this.#page = noPage
    for (const warning of this.#warnings) this.#io.stderr.write(toWarning(warning))
  }

  async #load(): Promise<void> {
    const { createLogUpdate } = await import('log-update')
    // A stream with `isTTY` is a WriteStream.
    this.#page = createLogUpdate(this.#io.stderr as NodeJS.WriteStream)
  }

  #draw(): void {
    const { all } = this.#steps
    this.#page(this.#toPage(all.length === 0 ? [toPreparation(this.#startedAt)] : all, this.#io.stderr.rows ?? 24))
  }

  #toPage(steps: BuildKitSteps['all'], height: number): string {
    const { stderr, env } = this.#io
    const now = this.#clock.now()
    return toBuildKitStepsPage(steps, { width: stderr.columns ?? 80, height, now, style: toStyle(stderr, env) })
  }
}

/** The step that is shown before the first event, while the files of the context are read. */
function toPreparation(runningSince: number): BuildKitStep {
  const name = 'prepare the build'
  return { number: 0, name, state: 'started', runningSince, durationMs: 0, progress: undefined, tail: [] }
}

function toWarning(message: string): string {
  return `warning: ${toOneLine(message)}\n`
}

const redrawMs = 100
/** How often the ends of steps are written. A step that BuildKit ends and starts again at once is written once. */
const endIntervalMs = 500
const noPage = Object.assign(() => undefined, { clear: () => undefined, done: () => undefined })
