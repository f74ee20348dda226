import { isHostError } from '@capstan/core'
import type { BuildProgressEvent } from '@capstan/feature-buildkit'
import type { BuildKitStep } from './buildkit-steps.js'
import { toOneLine, toPrintable } from './printable.js'

/** Shows the progress of a build by BuildKit, from {@link start} or the first event on. */
export interface BuildDisplay {
  start(): void
  onEvent(event: BuildProgressEvent): void
  /** Writes the warnings and a final line. */
  succeed(text: string): void
  /** Writes the failed steps with the end of their output, the warnings and, on a terminal, `text`. */
  fail(text: string): void
}

/**
 * The value of `--progress`. `auto`: rewrites lines on a terminal, else as `plain`. `json`: documents of Capstan on stdout.
 * `rawjson`: the records of BuildKit on stderr.
 */
export type ProgressKind = 'auto' | 'plain' | 'json' | 'rawjson' | 'quiet'

/** The line at the beginning of a build: what builds, and why not what has precedence. */
export function toBuilderText({ builder, version, reasons }: Extract<BuildProgressEvent, { type: 'builder' }>): string {
  // Engines that are built without their tags report v0.0.0.
  const name = version && !version.startsWith('v0.0.0') ? `BuildKit ${toOneLine(version)}` : 'BuildKit'
  const text = `Building with ${builderNames[builder].replace('BuildKit', name)}`
  return reasons.length === 0 ? text : `${text}: ${reasons.map(toOneLine).join('; ')}`
}

const builderNames = {
  'build-service': "the engine's BuildKit",
  sidecar: 'BuildKit in a sidecar',
  runtime: "the runtime's own builder",
} as const

export type BuildWarning = Extract<BuildProgressEvent, { type: 'warning' }>

/** Lists the warnings of a build with their positions and links, each once: a build for several platforms repeats them. */
export function toWarningList(warnings: readonly BuildWarning[]): string {
  const texts = [...new Set(warnings.map(toWarningText))]
  if (texts.length === 0) return ''
  return `${texts.length} ${texts.length === 1 ? 'warning' : 'warnings'}:\n${texts.join('')}`
}

function toWarningText({ message, url, source }: BuildWarning): string {
  const position = source === undefined ? '' : ` (${toOneLine(source.file)}:${source.line})`
  // The frontend adds the line to the message.
  const text = source === undefined ? message : message.replace(/ \(line \d+\)$/, '')
  return ` - ${toOneLine(text)}${position}\n${url === undefined ? '' : `   ${toOneLine(url)}\n`}`
}

/** Lists the failed steps with the end of their output. Canceled steps are not the reason of a failure. */
export function toFailedSteps(steps: readonly BuildKitStep[]): string {
  return steps
    .filter(({ state }) => state === 'failed')
    .map(({ name, tail }) => `${rule}\n > ${name}:\n${tail.map((line) => `${line}\n`).join('')}${rule}\n`)
    .join('')
}

const rule = '------'

/** Lists the lines of the Dockerfile at which a build failed. Empty for another error. */
export function toSourceText(error: unknown): string {
  if (!isHostError(error, 'BUILD_FAILED') || error.facts.source === undefined) return ''
  const { file, line, excerpt } = error.facts.source
  return `${toOneLine(file)}:${line}\n${excerpt.map((text) => `${toPrintable(text)}\n`).join('')}`
}
