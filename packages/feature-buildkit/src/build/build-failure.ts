import { type BuildSource, createHostError, type HostErrorFacts } from '@capstan/core/plugin'
import type { BuildProgressEvent } from './build-progress-event.js'

/** Collects the facts of BUILD_FAILED from the events of a build. */
export class FailureLog {
  readonly #names = new Map<string, string>()
  readonly #output = new Map<string, string>()
  #failedStep: string | undefined

  push(events: readonly BuildProgressEvent[]): void {
    for (const event of events) {
      if (event.type === 'step') {
        this.#names.set(event.id, event.name)
        if (event.state === 'failed' && !this.#isCancellation(event.error)) this.#failedStep = event.id
      } else if (event.type === 'log') {
        const text = (this.#output.get(event.stepId) ?? '') + Buffer.from(event.bytes).toString()
        this.#output.set(event.stepId, text.slice(-maxCharacters))
      }
    }
  }

  /** When a step fails, BuildKit cancels the steps that run at the same time. They are reported as failed, too. */
  #isCancellation(error = ''): boolean {
    return this.#failedStep !== undefined && error.endsWith('context canceled')
  }

  /** `diagnostics` has the lines of buildctl's stderr that are not progress. */
  toFacts(diagnostics: readonly string[], exitCode: number): HostErrorFacts['BUILD_FAILED'] {
    const name = this.#failedStep === undefined ? undefined : this.#names.get(this.#failedStep)
    const output = this.#failedStep === undefined ? '' : (this.#output.get(this.#failedStep) ?? '')
    const message = diagnostics.at(-1) ?? `buildctl ended with exit code ${exitCode}`
    const [, code] = /exit code: (\d+)/.exec(message) ?? []
    const command = name === undefined ? undefined : /^\[[^\]]*\] (.*)$/s.exec(name)?.[1]
    const source = findSource(diagnostics)
    return {
      step: name,
      command,
      exitCode: code === undefined ? undefined : Number(code),
      lastLines: [...output.split('\n'), ...diagnostics].filter((line) => line.trim() !== '').slice(-maxLines),
      ...(source === undefined ? {} : { source }),
    }
  }
}

/** The error of a build whose sidecar or build directory does not exist any more. */
export function createConnectionLostError(containerId: string): Error {
  const endpoint = `BuildKit in container "${containerId}"`
  return createHostError('CONNECTION_LOST', { endpoint, lastTimestamp: undefined })
}

/**
 * Finds the first excerpt of the Dockerfile: the lines between two lines of dashes, after a line `FILE:LINE`.
 * https://github.com/moby/buildkit/blob/v0.32.2/solver/errdefs/source.go
 */
function findSource(diagnostics: readonly string[]): BuildSource | undefined {
  const opening = diagnostics.findIndex(
    (line, index) => dashes.test(line) && position.test(diagnostics[index - 1] ?? ''),
  )
  const [, file = '', line = ''] = position.exec(diagnostics[opening - 1] ?? '') ?? []
  if (opening === -1 || file === '') return undefined
  const below = diagnostics.slice(opening + 1)
  const closing = below.findIndex((text) => dashes.test(text))
  return { file, line: Number(line), excerpt: closing === -1 ? below : below.slice(0, closing) }
}

const dashes = /^-{8,}$/
const position = /^(.+):(\d+)$/

const maxCharacters = 4000
const maxLines = 30
