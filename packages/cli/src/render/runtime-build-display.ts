import type { BuildProgress } from '@capstan/core'
import type { Io, Output } from '../terminal/io.js'
import type { ProgressKind } from './build-display.js'
import { type Clock, progressIntervalMs, systemClock } from './clock.js'
import { toDuration } from './duration.js'
import { toShownLine } from './printable.js'
import { createStatusLine } from './status-line.js'
import { toJsonLine } from './write-output.js'

/** Shows the progress of a build by the runtime's builder. Disposing removes an unfinished line. */
export interface RuntimeBuildDisplay extends Disposable {
  readonly onProgress: (event: BuildProgress) => void
  succeed(text: string): void
  /** On a terminal, writes `text` and the last lines of the build. Elsewhere writes nothing: all lines were written. */
  fail(text: string): void
}

/** Creates a display. JSON events go to stdout, everything else to stderr. */
export function createRuntimeBuildDisplay(
  { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>,
  kind: ProgressKind,
  clock: Clock = systemClock,
): RuntimeBuildDisplay {
  if (kind === 'quiet') return silent
  if (kind === 'json') {
    return { ...silent, onProgress: (event) => void stdout.write(toJsonLine({ event: 'progress', ...event })) }
  }
  if (kind === 'rawjson') return { ...silent, onProgress: (event) => void stderr.write(toRawLog(event)) }
  const isLive = kind === 'auto' && stderr.isTTY === true && stderr.columns
  return isLive ? createTerminalDisplay(stderr) : createPlainDisplay(stderr, clock)
}

const silent: RuntimeBuildDisplay = {
  onProgress: () => undefined,
  succeed: () => undefined,
  fail: () => undefined,
  [Symbol.dispose]: () => undefined,
}

/** Formats a line as a record of BuildKit that belongs to no step. */
function toRawLog({ text, stream }: BuildProgress): string {
  const log = { vertex: '', stream: stream === 'stdout' ? 1 : 2, timestamp: new Date() }
  return `${JSON.stringify({ logs: [{ ...log, data: Buffer.from(`${text}\n`).toString('base64') }] })}\n`
}

/** Writes the lines of the builder, and the elapsed time after every 10 seconds without a line. */
function createPlainDisplay(output: Output, clock: Clock): RuntimeBuildDisplay {
  const startedAt = clock.now()
  let hasWritten = false
  const stop = clock.every(progressIntervalMs, () => {
    if (!hasWritten) output.write(`building, ${toDuration(clock.now() - startedAt)}\n`)
    hasWritten = false
  })
  return {
    onProgress: ({ text }) => {
      hasWritten = true
      output.write(`${toShownLine(text)}\n`)
    },
    succeed: (text) => {
      stop()
      output.write(`${text}\n`)
    },
    fail: stop,
    [Symbol.dispose]: stop,
  }
}

function createTerminalDisplay(output: Output): RuntimeBuildDisplay {
  const status = createStatusLine(output)
  const lastLines: string[] = []
  status.show('Building')
  return {
    onProgress: ({ step, totalSteps, text }) => {
      const line = toShownLine(text).trimEnd()
      // The classic builder prints IDs of intermediate images, which are of no interest.
      if (/^\s*(--->.*)?$/.test(line)) return
      lastLines.push(line)
      if (lastLines.length > maxLines) lastLines.shift()
      const counter = step === undefined ? '' : `[${step}${totalSteps === undefined ? '' : `/${totalSteps}`}] `
      // The classic builder prefixes its lines with the step.
      status.show(counter + line.replace(/^Step \d+\/\d+ : /, ''))
    },
    succeed: (text) => status.finish('done', text),
    fail: (text) => {
      status.finish('failed', text)
      for (const line of lastLines) output.write(`  ${line}\n`)
    },
    [Symbol.dispose]: () => status.clear(),
  }
}

const maxLines = 20
