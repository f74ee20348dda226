import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import type { Io } from '../terminal/io.js'
import { type BuildDisplay, type BuildWarning, toBuilderText, toWarningList } from './build-display.js'
import { type BuildKitStep, BuildKitSteps, toSeconds } from './buildkit-steps.js'
import { toBuildKitStepsPage } from './buildkit-steps-page.js'
import type { Clock } from './clock.js'
import { toStyle } from './page.js'

/** Redraws a page several times a second, by a library that is loaded on first use. At the end, all steps stay visible. */
export class LiveBuildDisplay implements BuildDisplay {
  readonly #io: Pick<Io, 'stderr' | 'env'>
  readonly #clock: Clock
  readonly #steps: BuildKitSteps
  #page: ((text: string) => void) & { clear(): void; done(): void } = noPage
  #stop: (() => void) | undefined
  #startedAt = 0
  readonly #warnings: BuildWarning[] = []

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
    if (event.type === 'warning') this.#warnings.push(event)
    if (event.type === 'builder') this.#writeAbove(toBuilderText(event))
  }

  succeed(text: string): void {
    this.#end()
    this.#io.stderr.write(`✔ ${text}\n`)
  }

  fail(text: string): void {
    this.#steps.cancelRunning()
    this.#end()
    this.#io.stderr.write(`✖ ${text}\n`)
  }

  /** Replaces the page with all steps, also those that did not fit, and the warnings. */
  #end(): void {
    this.#stop?.()
    this.#page.clear()
    this.#page.done()
    this.#page = noPage
    const { all } = this.#steps
    const steps = all.length === 0 ? '' : `${this.#toPage(all, Number.POSITIVE_INFINITY)}\n`
    this.#io.stderr.write(steps + toWarningList(this.#warnings))
  }

  #writeAbove(line: string): void {
    this.#page.clear()
    this.#io.stderr.write(`${line}\n`)
  }

  async #load(): Promise<void> {
    const { createLogUpdate } = await import('log-update')
    // A stream with `isTTY` is a WriteStream.
    this.#page = createLogUpdate(this.#io.stderr as NodeJS.WriteStream)
  }

  #draw(): void {
    const { all } = this.#steps
    const height = (this.#io.stderr.rows ?? 24) - 1
    this.#page(`${this.#toTitle()}\n${this.#toPage(all.length === 0 ? [toPreparation(this.#startedAt)] : all, height)}`)
  }

  /** The elapsed time, and how many of the steps that have begun have ended. */
  #toTitle(): string {
    const { all } = this.#steps
    const { stderr, env } = this.#io
    const ended = all.filter(({ state }) => state !== 'started').length
    const count = all.length === 0 ? '' : ` (${ended}/${all.length})`
    return toStyle(stderr, env)('bold', `Building ${toSeconds(this.#clock.now() - this.#startedAt)}s${count}`)
  }

  #toPage(steps: readonly BuildKitStep[], height: number): string {
    const { stderr, env } = this.#io
    const now = this.#clock.now()
    return toBuildKitStepsPage(steps, { width: stderr.columns ?? 80, height, now, style: toStyle(stderr, env) })
  }
}

/** The step that is shown before the first event, while the files of the context are read. */
function toPreparation(runningSince: number): BuildKitStep {
  const state = { state: 'started', runningSince, durationMs: 0 } as const
  return { number: 0, name: 'prepare the build', ...state, error: undefined, progress: undefined, tail: [] }
}

const redrawMs = 100
const noPage = Object.assign(() => undefined, { clear: () => undefined, done: () => undefined })
