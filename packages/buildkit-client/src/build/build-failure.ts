import { StringDecoder } from 'node:string_decoder'
import type { HostError } from '@capstan/core'
import { type BuildSource, createHostError } from '@capstan/core/plugin'
import { ConnectError } from '@connectrpc/connect'
import type { BuildProgressEvent } from './build-progress-event.js'
import type { Redactor } from './redactor.js'
import { toExcerpt } from './source-excerpt.js'

/** Records the names, the output and the failure of the steps of one build, for the facts of BUILD_FAILED. */
export class FailureLog {
  readonly #names = new Map<string, string>()
  readonly #output = new Map<string, string>()
  /** A character may be split between two events of one stream. */
  readonly #decoders = new Map<string, StringDecoder>()
  #failedStep: string | undefined

  push(events: readonly BuildProgressEvent[]): void {
    for (const event of events) {
      if (event.type === 'step') {
        this.#names.set(event.id, event.name)
        if (event.state === 'failed' && !this.#isCancellation(event.error)) this.#failedStep = event.id
      } else if (event.type === 'log') {
        const text = (this.#output.get(event.stepId) ?? '') + this.#decode(event)
        this.#output.set(event.stepId, text.slice(-maxCharacters))
      }
    }
  }

  #decode({ stepId, stream, bytes }: Extract<BuildProgressEvent, { type: 'log' }>): string {
    const key = `${stream} ${stepId}`
    const decoder = this.#decoders.get(key) ?? new StringDecoder()
    this.#decoders.set(key, decoder)
    return decoder.write(Buffer.from(bytes))
  }

  /** When a step fails, BuildKit cancels the steps that run at the same time. They are reported as failed, too. */
  #isCancellation(error = ''): boolean {
    return this.#failedStep !== undefined && error.endsWith('context canceled')
  }

  /**
   * Creates the error of a failed build. `cause` is the error of gRPC. Its details name the step, the exit code and the lines of
   * the Dockerfile. The cause of the created error has only its redacted message and its code.
   */
  toError(cause: unknown, redactor: Redactor): HostError<'BUILD_FAILED'> {
    const error = ConnectError.from(cause)
    const details = readDetails(error)
    const failedStep = details.step ?? this.#failedStep
    const step = failedStep === undefined ? undefined : this.#names.get(failedStep)
    const output = failedStep === undefined ? '' : (this.#output.get(failedStep) ?? '')
    const message = redactor.redact(error.rawMessage)
    const [, code] = /exit code: (\d+)/.exec(message) ?? []
    // It repeats the command and the exit code. The end of the output is the reason of the failure.
    const isExit = step !== undefined && /^process ".*" did not complete successfully: exit code: \d+$/s.test(message)
    const facts = {
      step,
      command: step === undefined ? undefined : /^\[[^\]]*\] (.*)$/s.exec(step)?.[1],
      exitCode: details.exitCode ?? (code === undefined ? undefined : Number(code)),
      lastLines: [...output.split('\n'), ...(isExit ? [] : message.split('\n'))]
        .filter((line) => line.trim() !== '')
        .slice(-maxLines),
      ...(details.source && { source: redactor.redactSource(details.source) }),
    }
    // The details of the error can contain secrets, too.
    return createHostError('BUILD_FAILED', facts, { cause: new ConnectError(message, error.code) })
  }
}

interface FailureDetails {
  /** The digest of the failed step. */
  readonly step: string | undefined
  readonly exitCode: number | undefined
  readonly source: BuildSource | undefined
}

/** BuildKit encodes the details of an error as JSON. Fields with the zero value are omitted. */
function readDetails({ details }: ConnectError): FailureDetails {
  const found: { step?: string; exitCode?: number; source?: BuildSource | undefined } = {}
  for (const detail of details) {
    if (!('type' in detail) || !(detail.value instanceof Uint8Array)) continue
    const value: unknown = parseJson(Buffer.from(detail.value).toString())
    if (detail.type.endsWith('errdefs.Vertex+json')) found.step = toText(toField(value, 'digest'))
    else if (detail.type.endsWith('ExitMessage+json')) found.exitCode = Number(toField(value, 'Code') ?? 0)
    // An error can have several. The first one is kept.
    else if (detail.type.endsWith('errdefs.Source+json')) found.source ??= toSource(value)
  }
  return { step: found.step || undefined, exitCode: found.exitCode, source: found.source }
}

function toSource(value: unknown): BuildSource | undefined {
  const info = toField(value, 'info')
  const ranges = toField(value, 'ranges')
  const text = Buffer.from(toText(toField(info, 'data')), 'base64').toString()
  const toLine = (range: unknown, end: string) => Number(toField(toField(range, end), 'line') ?? 0)
  return toExcerpt({
    file: toText(toField(info, 'filename')),
    text,
    ranges: (Array.isArray(ranges) ? ranges : []).map((range) => ({
      start: toLine(range, 'start'),
      end: toLine(range, 'end'),
    })),
  })
}

function toField(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const maxCharacters = 4000
const maxLines = 30
