import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import { toPrintable } from './printable.js'

/** One step of a build, as far as it has come. */
export interface BuildStep {
  /** In the order in which they began, from 1. */
  readonly number: number
  readonly name: string
  readonly state: 'started' | 'cached' | 'completed' | 'failed'
  /** By the clock of this machine, for a step under way. */
  readonly seenAt: number
  /** How long it took, by BuildKit's own clock; 0 while it goes on. */
  readonly durationMs: number
  /** The last lines of its output that are complete. */
  readonly tail: readonly string[]
}

/** A line of a step's output; the last one of a step that ended needs no line feed to be complete. */
export interface StepLine {
  readonly step: BuildStep
  readonly text: string
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

  /** Takes what happened to a step; `undefined` for what is not of one. */
  take(event: BuildProgressEvent): { readonly step: BuildStep; readonly lines: readonly StepLine[] } | undefined {
    if (event.type !== 'step' && event.type !== 'log') return undefined
    const step = event.type === 'step' ? this.#enter(event) : this.#steps.get(event.stepId)
    if (step === undefined) return undefined
    const lines = event.type === 'log' ? addOutput(step, event.bytes) : []
    // BuildKit may tell of output after it told of the end of its step.
    const last = step.state === 'started' ? [] : endOutput(step)
    return { step, lines: [...lines, ...last].map((text) => ({ step, text })) }
  }

  #enter({ id, name, state, at }: Extract<BuildProgressEvent, { type: 'step' }>): MutableStep {
    const known = this.#steps.get(id)
    const step = known ?? this.#add(id, { name: toPrintable(name), startedAt: at.getTime() })
    if (state === 'started') step.startedAt = at.getTime()
    else step.durationMs = Math.max(0, at.getTime() - step.startedAt)
    step.state = state
    return step
  }

  #add(id: string, given: Pick<MutableStep, 'name' | 'startedAt'>): MutableStep {
    const step: MutableStep = {
      ...given,
      number: this.#steps.size + 1,
      state: 'started',
      seenAt: this.#now(),
      durationMs: 0,
      tail: [],
      decoder: new StringDecoder('utf8'),
      rest: '',
    }
    this.#steps.set(id, step)
    return step
  }
}

interface MutableStep extends BuildStep {
  state: BuildStep['state']
  startedAt: number
  durationMs: number
  tail: string[]
  readonly decoder: StringDecoder
  rest: string
}

/** Answers the lines that are complete now; a carriage return begins its line again. */
function addOutput(step: MutableStep, bytes: Uint8Array): readonly string[] {
  const texts = (step.rest + step.decoder.write(Buffer.from(bytes))).split('\n')
  step.rest = texts.pop() ?? ''
  return addLines(step, texts)
}

/** What came after the last line feed. */
function endOutput(step: MutableStep): readonly string[] {
  const rest = step.rest + step.decoder.end()
  step.rest = ''
  return rest === '' ? [] : addLines(step, [rest])
}

function addLines(step: MutableStep, texts: readonly string[]): readonly string[] {
  const lines = texts.map(toLine)
  step.tail = [...step.tail, ...lines.filter((line) => line.trim() !== '')].slice(-keptLines)
  return lines
}

function toLine(text: string): string {
  return toPrintable(text.replace(/\r+$/, '').replace(/^.*\r/s, ''))
}

const keptLines = 20
