import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import prettyBytes from 'pretty-bytes'
import { toOneLine, toShownLine } from './printable.js'

/** The current state of one step of a build, or of a long transfer. */
export interface BuildKitStep {
  /** In the order in which they began, from 1. */
  readonly number: number
  /** Always one line. */
  readonly name: string
  /** `canceled`: BuildKit ended it because another step failed, or because the build was canceled. */
  readonly state: 'started' | 'cached' | 'completed' | 'failed' | 'canceled'
  /** The error of a failed step, on one line. */
  readonly error: string | undefined
  /** When a running step started, by this machine's clock, minus `durationMs`: BuildKit may start a step several times. */
  readonly runningSince: number
  /** The running time up to the last end of the step, by BuildKit's clock. */
  readonly durationMs: number
  /** What the step does now: the bytes transferred so far, for example `1.2 MB of 30 MB`, or for example `exporting layers`. */
  readonly progress: string | undefined
  /** The last lines of its output that are complete. */
  readonly tail: readonly string[]
}

/** A complete line of output. `seconds`: since the start of the step; `undefined` if that is not known. */
export interface StepLine {
  readonly text: string
  readonly seconds: number | undefined
}

/** A change of one step, by one event. */
export interface StepChange {
  readonly step: BuildKitStep
  /** Whether the event changed `state`; false for an event with output only. */
  readonly isNewState: boolean
  /** The lines that are now complete: of its output, and of finished parts of the step, such as `sha256:… 3 MB done`. */
  readonly lines: readonly StepLine[]
}

/** The steps of a build, from its events. */
export class BuildKitSteps {
  readonly #steps = new Map<string, MutableStep>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get all(): readonly BuildKitStep[] {
    return [...this.#steps.values()]
  }

  find(id: string): BuildKitStep | undefined {
    return this.#steps.get(id)
  }

  /** Applies an event. `undefined`: it belongs to no step, or changed only the progress of one. */
  apply(event: BuildProgressEvent): StepChange | undefined {
    switch (event.type) {
      case 'step': {
        const step = this.#setState(event)
        return { step, isNewState: true, lines: step.endOutput(event.at) }
      }
      case 'transfer':
        return this.#applyTransfer(event)
      case 'log': {
        const step = this.#steps.get(event.stepId)
        return step && { step, isNewState: false, lines: [...step.addOutput(event), ...step.endOutput(event.at)] }
      }
      case 'status': {
        const step = this.#steps.get(event.stepId)
        const lines = step?.setPart(event) ?? []
        return step && lines.length > 0 ? { step, isNewState: false, lines } : undefined
      }
      case 'builder':
      case 'warning':
        return undefined
    }
  }

  /** Marks the running steps as canceled, and returns them: a build that has ended reports nothing more about them. */
  cancelRunning(): readonly BuildKitStep[] {
    const running = [...this.#steps.values()].filter(({ state }) => state === 'started')
    for (const step of running) step.state = 'canceled'
    return running
  }

  #setState({ id, name, ...change }: Omit<Extract<BuildProgressEvent, { type: 'step' }>, 'type'>): MutableStep {
    const step = this.#steps.get(id) ?? new MutableStep(this.#steps.size + 1, toOneLine(name))
    this.#steps.set(id, step)
    step.setState(change, this.#now())
    return step
  }

  /**
   * The transfer of the result is shown as a step of its own. BuildKit has a step for that of the context, but does not know how
   * many bytes there are.
   */
  #applyTransfer(event: Extract<BuildProgressEvent, { type: 'transfer' }>): StepChange | undefined {
    if (event.id === 'context') {
      const step = [...this.#steps.values()].find(({ state, parts }) => state === 'started' && parts.has(contextPart))
      step?.setTotal(contextPart, event.totalBytes)
      return undefined
    }
    const state = event.isDone ? 'completed' : 'started'
    const known = this.#steps.get(resultName)
    const isNewState = known?.state !== state
    const step = isNewState ? this.#setState({ id: resultName, name: resultName, state, at: event.at }) : known
    step.setPart({ ...event, id: resultName, current: event.currentBytes, total: event.totalBytes })
    return isNewState ? { step, isNewState, lines: [] } : undefined
  }
}

const resultName = 'receive the result from BuildKit'
/** The ID of BuildKit for the part of the step "load build context". */
const contextPart = 'transferring context:'

/** A part of a step, such as the download of one layer. */
interface StepPart {
  readonly current: number
  readonly total: number | undefined
  readonly isDone: boolean
  /** When its first event was sent, by BuildKit's clock. */
  readonly startedAt: number
}

type PartChange = Pick<Extract<BuildProgressEvent, { type: 'status' }>, 'id' | 'current' | 'total' | 'isDone' | 'at'>
type StateChange = Pick<Extract<BuildProgressEvent, { type: 'step' }>, 'state' | 'error' | 'at'>

class MutableStep implements BuildKitStep {
  readonly number: number
  readonly name: string
  readonly parts = new Map<string, StepPart>()
  state: BuildKitStep['state'] = 'started'
  error: string | undefined
  runningSince = 0
  durationMs = 0
  tail: readonly string[] = []
  readonly #decoder = new StringDecoder('utf8')
  #incompleteLine = ''
  #startedAt: number | undefined

  constructor(number: number, name: string) {
    this.number = number
    this.name = name
  }

  /** The sum of the bytes of all parts, without a total when that of one is unknown; else the part that runs. */
  get progress(): string | undefined {
    const begun = [...this.parts].filter(([, { current }]) => current > 0)
    if (begun.length === 0) return [...this.parts].findLast(([, { isDone }]) => !isDone)?.[0]
    const current = begun.reduce((sum, [, part]) => sum + part.current, 0)
    const total = begun.reduce((sum, [, part]) => sum + (part.total ?? Number.NaN), 0)
    return toAmount(current, Number.isNaN(total) ? undefined : total)
  }

  /** Changes the state; `at` is a time of BuildKit's clock, `now` one of this machine. A step may start several times. */
  setState({ state, error, at }: StateChange, now: number): void {
    if (state === 'started') {
      this.#startedAt = at.getTime()
      this.runningSince = now - this.durationMs
    } else if (this.state === 'started') {
      this.durationMs += Math.max(0, at.getTime() - (this.#startedAt ?? at.getTime()))
    }
    this.error = error === undefined ? undefined : toOneLine(error)
    this.state = state === 'failed' && this.error?.endsWith('context canceled') ? 'canceled' : state
  }

  /** Returns a line when the part has ended. */
  setPart({ id, current, total, isDone, at }: PartChange): readonly StepLine[] {
    const known = this.parts.get(id)
    const { startedAt } = known ?? { startedAt: at.getTime() }
    this.parts.set(id, { current, total: total ?? known?.total, isDone, startedAt })
    if (!isDone || known?.isDone) return []
    const amount = current === 0 ? '' : ` ${toAmount(current, total)}`
    const took = at.getTime() - startedAt
    const time = took < 100 ? '' : ` ${toSeconds(took)}s`
    return [{ text: `${toOneLine(id)}${amount}${time} done`, seconds: undefined }]
  }

  /** Sets a total that BuildKit does not report. */
  setTotal(id: string, total: number | undefined): void {
    const known = this.parts.get(id)
    if (known !== undefined) this.parts.set(id, { ...known, total })
  }

  /** Returns the lines that are now complete. A carriage return restarts its line. */
  addOutput({ bytes, at }: Extract<BuildProgressEvent, { type: 'log' }>): readonly StepLine[] {
    const lines = (this.#incompleteLine + this.#decoder.write(Buffer.from(bytes))).split('\n')
    this.#incompleteLine = lines.pop() ?? ''
    return this.#addLines(lines, at)
  }

  /** Returns the text after the last line feed if the step has ended. BuildKit may send output after the end of a step. */
  endOutput(at: Date): readonly StepLine[] {
    if (this.state === 'started') return []
    const line = this.#incompleteLine + this.#decoder.end()
    this.#incompleteLine = ''
    return line === '' ? [] : this.#addLines([line], at)
  }

  #addLines(texts: readonly string[], at: Date): readonly StepLine[] {
    const lines = texts.map(toShownLine)
    this.tail = [...this.tail, ...lines.filter((line) => line.trim() !== '')].slice(-maxLines)
    const seconds = this.#startedAt === undefined ? undefined : Math.max(0, at.getTime() - this.#startedAt) / 1000
    return lines.map((text) => ({ text, seconds }))
  }
}

function toAmount(current: number, total: number | undefined): string {
  return total === undefined ? prettyBytes(current) : `${prettyBytes(current)} of ${prettyBytes(total)}`
}

/** Formats milliseconds as seconds with one decimal place. */
export function toSeconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1)
}

const maxLines = 20
