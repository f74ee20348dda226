import type { BuildSource, HostErrorFacts } from '@capstan/core'
import type { BuildProgressEvent } from './build-progress-event.js'

/** Remembers of each step what a failure will want to tell. */
export class FailureLog {
  readonly #names = new Map<string, string>()
  readonly #output = new Map<string, string>()
  #failed: string | undefined

  take(events: readonly BuildProgressEvent[]): void {
    for (const event of events) {
      if (event.type === 'step') {
        this.#names.set(event.id, event.name)
        if (event.state === 'failed' && !this.#isConsequence(event.error)) this.#failed = event.id
      } else if (event.type === 'log') {
        const text = (this.#output.get(event.stepId) ?? '') + Buffer.from(event.bytes).toString()
        this.#output.set(event.stepId, text.slice(-mostText))
      }
    }
  }

  /** A step that fails takes those beside it along. */
  #isConsequence(error = ''): boolean {
    return this.#failed !== undefined && error.endsWith('context canceled')
  }

  /** Of what `buildctl` said beside the progress, and of the step that failed. */
  toFacts(diagnostics: readonly string[], exitCode: number): HostErrorFacts['BUILD_FAILED'] {
    const name = this.#failed === undefined ? undefined : this.#names.get(this.#failed)
    const output = this.#failed === undefined ? '' : (this.#output.get(this.#failed) ?? '')
    const words = diagnostics.at(-1) ?? `buildctl ended with exit code ${exitCode}`
    const [, code] = /exit code: (\d+)/.exec(words) ?? []
    const command = name === undefined ? undefined : /^\[[^\]]*\] (.*)$/s.exec(name)?.[1]
    const source = findSource(diagnostics)
    return {
      step: name,
      command,
      exitCode: code === undefined ? undefined : Number(code),
      lastLines: [...output.split('\n'), ...diagnostics].filter((line) => line.trim() !== '').slice(-mostLines),
      ...(source === undefined ? {} : { source }),
    }
  }
}

/**
 * The first excerpt of the Dockerfile: the lines between two lines of dashes, below a line `FILE:LINE`.
 * https://github.com/moby/buildkit/blob/v0.32.2/solver/errdefs/source.go
 */
function findSource(diagnostics: readonly string[]): BuildSource | undefined {
  const opening = diagnostics.findIndex((line, index) => dashes.test(line) && place.test(diagnostics[index - 1] ?? ''))
  const [, file = '', line = ''] = place.exec(diagnostics[opening - 1] ?? '') ?? []
  if (opening === -1 || file === '') return undefined
  const below = diagnostics.slice(opening + 1)
  const closing = below.findIndex((text) => dashes.test(text))
  return { file, line: Number(line), excerpt: closing === -1 ? below : below.slice(0, closing) }
}

const dashes = /^-{8,}$/
const place = /^(.+):(\d+)$/

const mostText = 4000
const mostLines = 30
