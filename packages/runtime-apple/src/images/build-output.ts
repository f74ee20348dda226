import type { BuildProgress } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'

/** Reads BuildKit's plain progress output. Reports each line, and keeps the last ones for the error of a failed build. */
export class BuildOutput {
  readonly #onProgress: ((event: BuildProgress) => void) | undefined
  readonly #titles = new Map<string, string>()
  readonly #lines: string[] = []
  #failed: string | undefined

  constructor(onProgress: ((event: BuildProgress) => void) | undefined) {
    this.#onProgress = onProgress
  }

  push(line: string): void {
    const [, vertex, text = line] = /^#(\d+) (.*)$/.exec(line) ?? []
    if (text.trim() === '') return
    if (vertex !== undefined && !this.#titles.has(vertex)) this.#titles.set(vertex, text)
    const title = vertex === undefined ? undefined : this.#titles.get(vertex)
    if (text.startsWith('ERROR: ')) this.#failed ??= title
    const printed = text.replace(/^\d+\.\d+ /, '')
    this.#lines.push(printed)
    if (this.#lines.length > keptLines) this.#lines.shift()
    const [, step, total] = /^\[(?:\S+ )?(\d+)\/(\d+)\]/.exec(title ?? '') ?? []
    this.#onProgress?.({ step: toNumber(step), totalSteps: toNumber(total), text: printed, stream: 'stderr' })
  }

  /** Creates BUILD_FAILED. `reason` is the error text of the command. */
  toError(reason: string): Error {
    const [, command, code] = /process "(.*?)" did not complete successfully: exit code: (\d+)/.exec(reason) ?? []
    const lastLines = [...this.#lines.filter((line) => !line.startsWith('Error: ')), reason].slice(-reportedLines)
    return createHostError('BUILD_FAILED', { step: this.#failed, command, exitCode: toNumber(code), lastLines })
  }
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

const keptLines = 200
const reportedLines = 20
