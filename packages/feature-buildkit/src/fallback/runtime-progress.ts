import type { BuildProgressEvent } from '@capstan/buildkit-client/request'
import type { BuildProgress } from '@capstan/core'

/** Converts the progress of the runtime's builder to build events. */
export class RuntimeProgress {
  #step: { readonly id: string; readonly name: string } | undefined

  push({ step, totalSteps, text, stream }: BuildProgress): readonly BuildProgressEvent[] {
    const at = new Date()
    const id = step === undefined ? undefined : `step-${step}`
    const opening = id === undefined || id === this.#step?.id ? [] : this.#begin(id, `[${step}/${totalSteps}]`, text)
    if (opening.length > 0) return opening
    const bytes = Buffer.from(`${text}\n`)
    return [{ type: 'log', stepId: id ?? this.#step?.id ?? '', stream, bytes, at }]
  }

  /** Ends the current step. `error` means that it has failed. */
  end(error?: string): readonly BuildProgressEvent[] {
    const step = this.#step
    this.#step = undefined
    if (step === undefined) return []
    const end = error === undefined ? ({ state: 'completed' } as const) : ({ state: 'failed', error } as const)
    return [{ type: 'step', ...step, ...end, at: new Date() }]
  }

  /**
   * The first line of a step is the instruction, for example `Step 2/3 : RUN make` or `[stage-1 2/3] RUN make`, so it becomes the
   * name.
   */
  #begin(id: string, count: string, text: string): readonly BuildProgressEvent[] {
    const ended = this.end()
    const isNamed = /^\[[^\]]*\d+\/\d+\] /.test(text)
    this.#step = { id, name: isNamed ? text : `${count} ${text.replace(/^step \d+(\/\d+)?\s*:\s*/i, '')}` }
    return [...ended, { type: 'step', ...this.#step, state: 'started', at: new Date() }]
  }
}
