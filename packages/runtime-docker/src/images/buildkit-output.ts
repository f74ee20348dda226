import { StringDecoder } from 'node:string_decoder'
import type { BuildProgressEvent } from '@capstan/buildkit-client/request'
import type { BuildProgress } from '@capstan/core'

/** Converts the events of a BuildKit build to lines: the name of each step, `CACHED` after a cached one, output and warnings. */
export class BuildKitOutput {
  readonly #steps = new Map<string, StepNumber>()
  /** The output of each step and stream. Steps run at the same time. */
  readonly #outputs = new Map<string, PartialOutput>()

  add(events: readonly BuildProgressEvent[]): readonly BuildProgress[] {
    return events.flatMap((event) => this.#toLines(event))
  }

  /** Returns the lines without a line end. */
  end(): readonly BuildProgress[] {
    return [...this.#outputs.values()].flatMap((output) =>
      toProgress(takeLines(output, `${output.decoder.end()}\n`), output),
    )
  }

  #toLines(event: BuildProgressEvent): readonly BuildProgress[] {
    switch (event.type) {
      case 'step':
        return this.#enter(event)
      case 'log':
        return this.#addOutput(event)
      case 'warning':
        return toProgress([event.message], { ...this.#findStep(event.stepId), stream: 'stderr' })
      default:
        return []
    }
  }

  /** BuildKit runs some steps twice, such as the transfer of the context. Their names are reported once. */
  #enter({ id, name, state }: Extract<BuildProgressEvent, { type: 'step' }>): readonly BuildProgress[] {
    const isKnown = this.#steps.has(id)
    const step = this.#steps.get(id) ?? toStepNumber(name)
    this.#steps.set(id, step)
    const lines = [...(isKnown ? [] : [name]), ...(state === 'cached' ? ['CACHED'] : [])]
    return toProgress(lines, { ...step, stream: 'stdout' })
  }

  #addOutput({ stepId, stream, bytes }: Extract<BuildProgressEvent, { type: 'log' }>): readonly BuildProgress[] {
    const key = `${stream} ${stepId}`
    const output = this.#outputs.get(key) ?? {
      ...this.#findStep(stepId),
      stream,
      decoder: new StringDecoder(),
      rest: '',
    }
    this.#outputs.set(key, output)
    return toProgress(takeLines(output, output.decoder.write(Buffer.from(bytes))), output)
  }

  #findStep(id: string): StepNumber {
    return this.#steps.get(id) ?? toStepNumber('')
  }
}

type StepNumber = Pick<BuildProgress, 'step' | 'totalSteps'>

interface PartialOutput extends StepNumber, Pick<BuildProgress, 'stream'> {
  readonly decoder: StringDecoder
  rest: string
}

/** `[2/3] RUN make`, `[stage-1  2/10] RUN make`. Each stage has its own numbers, and internal steps have none. */
function toStepNumber(name: string): StepNumber {
  const [, step, totalSteps] = /^\[(?:[^\]]*\s)?(\d+)\/(\d+)\] /.exec(name) ?? []
  if (step === undefined) return { step: undefined, totalSteps: undefined }
  return { step: Number(step), totalSteps: Number(totalSteps) }
}

/** Returns the complete lines, and keeps the text after the last line end. */
function takeLines(output: PartialOutput, text: string): readonly string[] {
  const lines = (output.rest + text).split('\n')
  output.rest = lines.pop() ?? ''
  return lines
}

function toProgress(
  lines: readonly string[],
  { step, totalSteps, stream }: Omit<BuildProgress, 'text'>,
): readonly BuildProgress[] {
  return lines
    .map((line) => line.replace(/\r$/, ''))
    .filter((text) => text.trim() !== '')
    .map((text) => ({ step, totalSteps, text, stream }))
}
