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
  readonly state: 'started' | 'cached' | 'completed' | 'failed'
  /** When a running step started, by this machine's clock, minus `durationMs`: BuildKit may start a step several times. */
  readonly runningSince: number
  /** The running time up to the last end of the step, by BuildKit's clock. */
  readonly durationMs: number
  /** The bytes transferred so far, for example `1.2 MB of 30 MB`. */
  readonly progress: string | undefined
  /** The last lines of its output that are complete. */
  readonly tail: readonly string[]
}

/** A change of one step, by one event. */
export interface StepChange {
  readonly step: BuildKitStep
  /** Whether the event changed `state`; false for an event with output only. */
  readonly isNewState: boolean
  /** The lines of its output that are now complete. The last line of a step that ended needs no line feed. */
  readonly lines: readonly string[]
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

  /** Applies an event. `undefined`: it belongs to no step, or changed only the progress of one. */
  apply(event: BuildProgressEvent): StepChange | undefined {
    switch (event.type) {
      case 'step': {
        const step = this.#setState(event)
        return { step, isNewState: true, lines: step.endOutput() }
      }
      case 'transfer':
        return this.#applyTransfer(event)
      case 'log': {
        const step = this.#steps.get(event.stepId)
        return step && { step, isNewState: false, lines: [...step.addOutput(event.bytes), ...step.endOutput()] }
      }
      case 'status':
        this.#steps.get(event.stepId)?.transfers.set(event.id, event)
        return undefined
      case 'warning':
        return undefined
    }
  }

  #setState({ id, name, state, at }: Omit<Extract<BuildProgressEvent, { type: 'step' }>, 'type'>): MutableStep {
    const step = this.#steps.get(id) ?? new MutableStep(this.#steps.size + 1, toOneLine(name))
    this.#steps.set(id, step)
    step.setState(state, { at: at.getTime(), now: this.#now() })
    return step
  }

  /** A transfer is shown as a step of its own. */
  #applyTransfer(event: Extract<BuildProgressEvent, { type: 'transfer' }>): StepChange | undefined {
    const name = transferNames[event.id]
    const state = event.isDone ? 'completed' : 'started'
    const known = this.#steps.get(name)
    const isNewState = known?.state !== state
    const step = isNewState ? this.#setState({ id: name, name, state, at: event.at }) : known
    step.transfers.set(event.id, { current: event.currentBytes, total: event.totalBytes })
    return isNewState ? { step, isNewState, lines: [] } : undefined
  }
}

const transferNames = { context: 'send the context to BuildKit', result: 'receive the result from BuildKit' }

class MutableStep implements BuildKitStep {
  readonly number: number
  readonly name: string
  readonly transfers = new Map<string, { readonly current: number; readonly total: number | undefined }>()
  state: BuildKitStep['state'] = 'started'
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

  /** The sum of all transfers; without a total when the total of one is unknown. */
  get progress(): string | undefined {
    const begun = [...this.transfers.values()].filter(({ current }) => current > 0)
    if (begun.length === 0) return undefined
    const current = begun.reduce((sum, transfer) => sum + transfer.current, 0)
    const total = begun.reduce((sum, transfer) => sum + (transfer.total ?? Number.NaN), 0)
    return Number.isNaN(total) ? prettyBytes(current) : `${prettyBytes(current)} of ${prettyBytes(total)}`
  }

  /** Changes the state; `at` is a time of BuildKit's clock, `now` one of this machine. A step may start several times. */
  setState(state: BuildKitStep['state'], { at, now }: { readonly at: number; readonly now: number }): void {
    if (state === 'started') {
      this.#startedAt = at
      this.runningSince = now - this.durationMs
    } else if (this.state === 'started') {
      this.durationMs += Math.max(0, at - (this.#startedAt ?? at))
    }
    this.state = state
  }

  /** Returns the lines that are now complete. A carriage return restarts its line. */
  addOutput(bytes: Uint8Array): readonly string[] {
    const lines = (this.#incompleteLine + this.#decoder.write(Buffer.from(bytes))).split('\n')
    this.#incompleteLine = lines.pop() ?? ''
    return this.#addLines(lines)
  }

  /** Returns the text after the last line feed if the step has ended. BuildKit may send output after the end of a step. */
  endOutput(): readonly string[] {
    if (this.state === 'started') return []
    const line = this.#incompleteLine + this.#decoder.end()
    this.#incompleteLine = ''
    return line === '' ? [] : this.#addLines([line])
  }

  #addLines(texts: readonly string[]): readonly string[] {
    const lines = texts.map(toShownLine)
    this.tail = [...this.tail, ...lines.filter((line) => line.trim() !== '')].slice(-maxLines)
    return lines
  }
}

const maxLines = 20
