import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import prettyBytes from 'pretty-bytes'
import { toOneLine, toShownLine } from './printable.js'

/** The current state of one step of a build, or of a long transfer. */
export interface BuildStep {
  /** In the order in which they began, from 1. */
  readonly number: number
  /** Always one line. */
  readonly name: string
  readonly state: 'started' | 'cached' | 'completed' | 'failed'
  /** By the clock of this machine, for a step under way. */
  readonly seenAt: number
  /** The sum of the intervals that have ended, by BuildKit's own clock. */
  readonly durationMs: number
  /** The bytes transferred so far, for example `1.2 MB of 30 MB`. */
  readonly progress: string | undefined
  /** The last lines of its output that are complete. */
  readonly tail: readonly string[]
}

/** A line of a step's output; the last one of a step that ended needs no line feed to be complete. */
export interface StepLine {
  readonly step: BuildStep
  readonly text: string
}

/** A change of one step, by one event. */
export interface StepChange {
  readonly step: BuildStep
  /** Whether the event changed `state`; false for an event with output only. */
  readonly isNewState: boolean
  readonly lines: readonly StepLine[]
}

/** The steps of a build, from its events. */
export class BuildSteps {
  readonly #steps = new Map<string, MutableStep>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get all(): readonly BuildStep[] {
    return [...this.#steps.values()]
  }

  /** Applies an event. `undefined`: it belongs to no step, or changed only the progress of one. */
  take(event: BuildProgressEvent): StepChange | undefined {
    switch (event.type) {
      case 'step':
        return toChange(this.#enter(event), { isNewState: true })
      case 'transfer':
        return this.#move(event)
      case 'log': {
        const step = this.#steps.get(event.stepId)
        return step && toChange(step, { isNewState: false, lines: addOutput(step, event.bytes) })
      }
      case 'status':
        this.#steps.get(event.stepId)?.amounts.set(event.id, event)
        return undefined
      case 'warning':
        return undefined
    }
  }

  #enter({ id, name, state, at }: Extract<BuildProgressEvent, { type: 'step' }>): MutableStep {
    const known = this.#steps.get(id)
    const step = known ?? this.#add(id, { name: toOneLine(name), startedAt: at.getTime() })
    if (state === 'started') this.#start(step, at)
    else if (step.state === 'started') step.durationMs += Math.max(0, at.getTime() - step.startedAt)
    step.state = state
    return step
  }

  /** When a step starts again, the time of its earlier intervals is kept. */
  #start(step: MutableStep, at: Date): void {
    step.startedAt = at.getTime()
    step.seenAt = this.#now() - step.durationMs
  }

  /** A transfer is shown as a step of its own. */
  #move({ id: what, isDone, currentBytes: current, totalBytes: total, at }: Transfer): StepChange | undefined {
    const name = transferNames[what]
    const state = isDone ? 'completed' : 'started'
    const isNewState = this.#steps.get(name)?.state !== state
    const step = isNewState ? this.#enter({ type: 'step', id: name, name, state, at }) : this.#steps.get(name)
    step?.amounts.set(what, { current, total })
    return step && isNewState ? toChange(step, { isNewState }) : undefined
  }

  #add(id: string, given: Pick<MutableStep, 'name' | 'startedAt'>): MutableStep {
    const step: MutableStep = {
      ...given,
      number: this.#steps.size + 1,
      state: 'started',
      seenAt: this.#now(),
      durationMs: 0,
      amounts: new Map(),
      get progress() {
        return toProgress(this.amounts)
      },
      tail: [],
      decoder: new StringDecoder('utf8'),
      rest: '',
    }
    this.#steps.set(id, step)
    return step
  }
}

/** BuildKit may send output of a step after the end of the step. */
function toChange(
  step: MutableStep,
  { isNewState, lines = [] }: { readonly isNewState: boolean; readonly lines?: readonly string[] },
): StepChange {
  const last = step.state === 'started' ? [] : endOutput(step)
  return { step, isNewState, lines: [...lines, ...last].map((text) => ({ step, text })) }
}

type Transfer = Extract<BuildProgressEvent, { type: 'transfer' }>

const transferNames = { context: 'send the context to BuildKit', result: 'take the result from BuildKit' }

interface MutableStep extends BuildStep {
  state: BuildStep['state']
  startedAt: number
  seenAt: number
  readonly amounts: Map<string, Amount>
  durationMs: number
  tail: string[]
  readonly decoder: StringDecoder
  rest: string
}

interface Amount {
  readonly current: number
  readonly total: number | undefined
}

/** The sum of all amounts; without a total when the total of one is unknown. */
function toProgress(amounts: ReadonlyMap<string, Amount>): string | undefined {
  const moving = [...amounts.values()].filter(({ current }) => current > 0)
  if (moving.length === 0) return undefined
  const current = moving.reduce((sum, amount) => sum + amount.current, 0)
  const total = moving.reduce((sum, amount) => sum + (amount.total ?? Number.NaN), 0)
  return Number.isNaN(total) ? prettyBytes(current) : `${prettyBytes(current)} of ${prettyBytes(total)}`
}

/** Returns the lines that are now complete. A carriage return restarts its line. */
function addOutput(step: MutableStep, bytes: Uint8Array): readonly string[] {
  const texts = (step.rest + step.decoder.write(Buffer.from(bytes))).split('\n')
  step.rest = texts.pop() ?? ''
  return addLines(step, texts)
}

/** Returns the text after the last line feed. */
function endOutput(step: MutableStep): readonly string[] {
  const rest = step.rest + step.decoder.end()
  step.rest = ''
  return rest === '' ? [] : addLines(step, [rest])
}

function addLines(step: MutableStep, texts: readonly string[]): readonly string[] {
  const lines = texts.map(toShownLine)
  step.tail = [...step.tail, ...lines.filter((line) => line.trim() !== '')].slice(-keptLines)
  return lines
}

const keptLines = 20
