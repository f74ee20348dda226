import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import type { Output } from '../terminal/io.js'
import { type BuildDisplay, type BuildWarning, toBuilderText, toFailedSteps, toWarningList } from './build-display.js'
import { type BuildKitStep, BuildKitSteps, type StepChange, type StepLine, toSeconds } from './buildkit-steps.js'
import { type Clock, progressIntervalMs } from './clock.js'
import { toDuration } from './duration.js'
import { toOneLine } from './printable.js'

/**
 * Writes a line per event, with the number of the step, in blocks of lines of one step, as docker does: when steps run at the
 * same time, the lines of the others are written when that step has ended or has written nothing for a while, and every 10
 * seconds. Then it also writes the bytes that steps have transferred, or, when nothing else was written, the elapsed time.
 */
export class PlainBuildDisplay implements BuildDisplay {
  readonly #output: Output
  readonly #clock: Clock
  readonly #steps: BuildKitSteps
  /** The steps whose end is not written yet, in the order of their begin. */
  readonly #blocks = new Map<BuildKitStep, Block>()
  /** The step of the last lines. `undefined` if its end is written. */
  #current: BuildKitStep | undefined
  readonly #writtenProgress = new Map<BuildKitStep, string | undefined>()
  readonly #warnings: BuildWarning[] = []
  readonly #stops: (() => void)[] = []
  #startedAt = 0
  /** When the last line was written. */
  #writtenAt = 0
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
      this.#clock.every(endIntervalMs, () => this.#writeBlocks()),
    )
  }

  onEvent(event: BuildProgressEvent): void {
    this.start()
    if (event.type === 'warning') this.#addWarning(event)
    if (event.type === 'builder') this.#write(toBuilderText(event))
    if ('at' in event) this.#writeBlocks(event.at.getTime() - restartMs)
    const change = this.#steps.apply(event)
    if (change === undefined || !('at' in event)) return
    this.#addChange(change, event.at)
    this.#writeBlocks(event.at.getTime() - restartMs)
  }

  succeed(text: string): void {
    this.#end()
    this.#output.write(`${toWarningList(this.#warnings)}${text}\n`)
  }

  /** The output of a failed step may be far above, between that of other steps, so its end is written again. */
  fail(): void {
    for (const step of this.#steps.cancelRunning()) this.#findBlock(step).endedAt = Number.NEGATIVE_INFINITY
    this.#end()
    this.#output.write(toFailedSteps(this.#steps.all) + toWarningList(this.#warnings))
  }

  #end(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#writeBlocks()
    if (this.#hasNamed) this.#output.write('\n')
  }

  #addWarning(warning: BuildWarning): void {
    this.#warnings.push(warning)
    const text = toOneLine(warning.message)
    const step = this.#steps.find(warning.stepId)
    const block = step && this.#blocks.get(step)
    block?.lines.push(`WARN: ${text}`)
    if (block !== undefined) this.#writeBlocks(Number.NEGATIVE_INFINITY)
    else if (step !== undefined) this.#writeLine(step, `WARN: ${text}`)
    else this.#write(`warning: ${text}`)
  }

  /** The end of a step is written later: BuildKit may start it again at once, and sends its last output with its end. */
  #addChange({ step, lines }: StepChange, at: Date): void {
    const block = this.#findBlock(step)
    block.lines.push(...lines.map(toLineText))
    block.endedAt = step.state === 'started' ? undefined : at.getTime()
  }

  #findBlock(step: BuildKitStep): Block {
    const block = this.#blocks.get(step) ?? { lines: [], isNamed: false, endedAt: undefined }
    this.#blocks.set(step, block)
    return block
  }

  /**
   * Writes the lines of the current step and of the steps that ended before a time of BuildKit's clock, by default of all. If the
   * current step has ended or has written nothing for a while, another one becomes the current step.
   */
  #writeBlocks(before = Number.POSITIVE_INFINITY): void {
    const hasEnded = ({ endedAt }: Block) => endedAt !== undefined && endedAt <= before
    const write = (step: BuildKitStep, block: Block) => this.#writeBlock(step, block, { hasEnded: hasEnded(block) })
    const current = this.#current && this.#blocks.get(this.#current)
    if (this.#current !== undefined && current !== undefined) write(this.#current, current)
    for (const [step, block] of this.#blocks) if (hasEnded(block)) write(step, block)
    if (this.#current !== undefined && this.#clock.now() - this.#writtenAt < idleMs) return
    const [next] = [...this.#blocks].filter(([, block]) => isWaiting(block))
    if (next !== undefined) write(...next)
  }

  #writeBlock(step: BuildKitStep, block: Block, { hasEnded }: { readonly hasEnded: boolean }): void {
    if (isWaiting(block) || hasEnded) this.#enter(step)
    block.isNamed = true
    for (const text of block.lines.splice(0)) this.#writeLine(step, text)
    if (!hasEnded) return
    this.#writeLine(step, toEnd(step))
    this.#blocks.delete(step)
    this.#current = undefined
  }

  #writeProgress(): void {
    const running = this.#steps.all.filter(({ state }) => state === 'started')
    const changed = running.filter(
      (step) => step.progress !== undefined && step.progress !== this.#writtenProgress.get(step),
    )
    for (const step of changed) {
      this.#writtenProgress.set(step, step.progress)
      this.#findBlock(step).lines.push(step.progress ?? '')
    }
    for (const [step, block] of this.#blocks)
      if (isWaiting(block)) this.#writeBlock(step, block, { hasEnded: block.endedAt !== undefined })
    if (!this.#hasWritten) this.#writeElapsed(running.find((step) => step === this.#current) ?? running[0])
    this.#hasWritten = false
  }

  #writeElapsed(step: BuildKitStep | undefined): void {
    const now = this.#clock.now()
    if (step === undefined) {
      this.#write(`building, ${toDuration(now - this.#startedAt)}`)
      return
    }
    this.#enter(step)
    this.#writeLine(step, `running, ${toDuration(now - step.runningSince)}`)
  }

  /** Makes a step the current one, and writes its name. */
  #enter(step: BuildKitStep): void {
    if (this.#current === step) return
    if (this.#current !== undefined) this.#writeLine(this.#current, '...')
    if (this.#hasNamed) this.#output.write('\n')
    this.#hasNamed = true
    this.#current = step
    this.#writeLine(step, step.name)
  }

  #writeLine({ number }: BuildKitStep, text: string): void {
    this.#write(`#${number} ${text}`)
  }

  #write(line: string): void {
    this.#hasWritten = true
    this.#writtenAt = this.#clock.now()
    this.#output.write(`${line}\n`)
  }
}

/** What is not written yet of a step. */
interface Block {
  readonly lines: string[]
  /** Whether the name is written. */
  isNamed: boolean
  /** By BuildKit's clock. */
  endedAt: number | undefined
}

function isWaiting({ lines, isNamed }: Block): boolean {
  return !isNamed || lines.length > 0
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
/** How long a step may write nothing until the lines of another one are written. */
const idleMs = 2000
