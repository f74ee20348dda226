import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import type { Io, Output } from '../io.js'
import type { ProgressKind } from './build-display.js'
import { type BuildStep, BuildSteps } from './build-steps.js'
import { toDuration } from './duration.js'
import { toPrintable } from './printable.js'
import { toStepsPage } from './steps-page.js'
import { toStyle } from './style.js'
import { toJsonLine } from './write-output.js'

/** Shows a build by BuildKit while it goes on. */
export interface StepsDisplay {
  onEvent(event: BuildProgressEvent): void
  /** A line about the whole, which stays. */
  succeed(text: string): void
  /** The same, where what was seen of the steps would go; it stays above. Elsewhere the error is all there is to say. */
  fail(text: string): void
  /** Takes away what is not finished. */
  clear(): void
}

/** `auto`: a page that is rewritten on a terminal, `plain` elsewhere. Events in JSON go to stdout, all else to stderr. */
export function createStepsDisplay(io: Pick<Io, 'stdout' | 'stderr' | 'env'>, kind: ProgressKind): StepsDisplay {
  if (kind === 'quiet') return silent
  if (kind === 'json') return new JsonDisplay(io.stdout)
  return kind === 'auto' && io.stderr.isTTY === true && io.stderr.columns
    ? new LiveDisplay(io)
    : new PlainDisplay(io.stderr)
}

const silent: StepsDisplay = {
  onEvent: () => undefined,
  succeed: () => undefined,
  fail: () => undefined,
  clear: () => undefined,
}

/** An event a line, as a program reads it: its type as the event, output as text, of characters that are whole. */
class JsonDisplay implements StepsDisplay {
  readonly #output: Output
  readonly #decoders = new Map<string, StringDecoder>()

  constructor(output: Output) {
    this.#output = output
  }

  onEvent(event: BuildProgressEvent): void {
    const document = event.type === 'log' ? this.#toText(event) : event
    if (document === undefined) return
    const { type, ...rest } = document
    this.#output.write(toJsonLine({ event: type, ...rest }))
  }

  succeed(): void {}

  fail(): void {}

  clear(): void {}

  /** `undefined` while the bytes are but the begin of a character. */
  #toText({ bytes, ...log }: Extract<BuildProgressEvent, { type: 'log' }>) {
    const stream = `${log.stepId} ${log.stream}`
    const decoder = this.#decoders.get(stream) ?? new StringDecoder('utf8')
    this.#decoders.set(stream, decoder)
    const text = decoder.write(Buffer.from(bytes))
    return text === '' ? undefined : { ...log, text }
  }
}

/** A line for each thing that happens, by the number of its step, since steps run beside each other. */
class PlainDisplay implements StepsDisplay {
  readonly #output: Output
  readonly #steps = new BuildSteps()

  constructor(output: Output) {
    this.#output = output
  }

  onEvent(event: BuildProgressEvent): void {
    if (event.type === 'warning') this.#output.write(toWarning(event.message))
    const taken = this.#steps.take(event)
    if (taken === undefined) return
    const { step, lines } = taken
    const mark = `#${step.number}`
    const isNew = event.type === 'step' && (step.state === 'started' || step.state === 'cached')
    if (isNew) this.#output.write(`${mark} ${step.name}\n`)
    for (const { text } of lines) this.#output.write(`${mark} ${text}\n`)
    if (event.type === 'step' && step.state !== 'started') this.#output.write(`${mark} ${toEnd(step)}\n`)
  }

  succeed(text: string): void {
    this.#output.write(`${text}\n`)
  }

  fail(): void {}

  clear(): void {}
}

function toEnd({ state, durationMs }: BuildStep): string {
  if (state === 'cached') return 'cached'
  return `${state === 'failed' ? 'failed after' : 'done'} ${toDuration(durationMs)}`
}

/** Draws a few times a second, by a library that knows how to rewrite lines; it is loaded with the first thing to show. */
class LiveDisplay implements StepsDisplay {
  readonly #io: Pick<Io, 'stderr' | 'env'>
  readonly #steps = new BuildSteps()
  #page: ((text: string) => void) & { clear(): void; done(): void } = noPage
  #timer: NodeJS.Timeout | undefined
  readonly #warnings: string[] = []

  constructor(io: Pick<Io, 'stderr' | 'env'>) {
    this.#io = io
  }

  onEvent(event: BuildProgressEvent): void {
    this.#steps.take(event)
    if (event.type === 'warning') this.#warnings.push(event.message)
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => this.#draw(), redrawMs).unref()
    this.#load().catch(() => undefined) // without it nothing is drawn
  }

  succeed(text: string): void {
    this.#leave()
    this.#io.stderr.write(`✔ ${text}\n`)
  }

  fail(text: string): void {
    this.#leave()
    const failed = this.#steps.all.filter(({ state }) => state === 'failed')
    if (failed.length > 0) this.#io.stderr.write(`${this.#toPage(failed, Number.POSITIVE_INFINITY)}\n`)
    this.#io.stderr.write(`✖ ${text}\n`)
  }

  clear(): void {
    clearInterval(this.#timer)
    this.#page.clear()
    this.#page.done()
    this.#page = noPage
  }

  /** Instead of the page come the warnings that it had no place for. */
  #leave(): void {
    this.clear()
    for (const warning of this.#warnings) this.#io.stderr.write(toWarning(warning))
  }

  async #load(): Promise<void> {
    const { createLogUpdate } = await import('log-update')
    // `isTTY` says that it is one.
    this.#page = createLogUpdate(this.#io.stderr as NodeJS.WriteStream)
  }

  #draw(): void {
    this.#page(this.#toPage(this.#steps.all, this.#io.stderr.rows ?? 24))
  }

  #toPage(steps: BuildSteps['all'], height: number): string {
    const { stderr, env } = this.#io
    return toStepsPage(steps, { width: stderr.columns ?? 80, height, now: Date.now(), style: toStyle(stderr, env) })
  }
}

function toWarning(message: string): string {
  return `warning: ${toPrintable(message)}\n`
}

const redrawMs = 100
const noPage = Object.assign(() => undefined, { clear: () => undefined, done: () => undefined })
