import { inspect } from 'node:util'
import { redactUrls } from '@capstan/core'
import { type ErrorExplanation, explainError } from './explain-error.js'
import { toPrintable } from './printable.js'
import { wrapText } from './text.js'

/**
 * A failure in short lines: what happened, where, and what to do, which follows an arrow. No line is repeated. With `debug`,
 * the inspected error with its stack follows.
 */
export function toErrorText(error: unknown, { debug, command, width }: ErrorTextOptions): string {
  const [what = '', ...lines] = toLines(explainError(error, command)).map(toShown)
  const shown = [
    wrapLine(`${command}: ${what}`, { indent: 0, width }),
    ...lines.map((line) => wrapLine(line, { indent: 2, width })),
  ]
  const text = shown.join('\n')
  return debug ? `${text}\n${redactUrls(inspect(error, { depth: 6 }))}` : text
}

export interface ErrorTextOptions {
  readonly debug: boolean
  /** For example `capstan run`. */
  readonly command: string
  /** Columns of the terminal. Without one no line is wrapped. */
  readonly width: number | undefined
}

/** The parts of an explanation as lines, without repeated ones. */
function toLines({ what, details, undoFailures, remedies }: ErrorExplanation): readonly string[] {
  const [count, noun] = [undoFailures.length, undoFailures.length === 1 ? 'step' : 'steps']
  const undo =
    count === 0 ? [] : [`${count} ${noun} of the cleanup failed:`, ...undoFailures.map((line) => `- ${line}`)]
  return [...new Set([what, ...details, ...undo, ...remedies.map((remedy) => `→ ${remedy}`)])]
}

function toShown(line: string): string {
  return toPrintable(line.replaceAll(/\s*\n\s*/g, ' ').replaceAll(wholeId, (id) => id.slice(0, 12)))
}

/** Wraps a line at `width`; the rows after the first are indented further. */
function wrapLine(line: string, { indent, width }: { readonly indent: number; readonly width: number | undefined }) {
  const margin = ' '.repeat(indent)
  if (width === undefined) return margin + line
  const hanging = line.startsWith('→ ') || line.startsWith('- ') ? 2 : indent
  const rows = wrapText(line, Math.max(1, width - indent - hanging)).split('\n')
  return rows.map((row, index) => margin + (index === 0 ? '' : ' '.repeat(hanging)) + row).join('\n')
}

/** A container id, to be cut as `ps` does. Not a digest: a reference with a part of one is invalid. */
const wholeId = /(?<![:\w])[0-9a-f]{64}(?!\w)/g
