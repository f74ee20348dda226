import { inspect } from 'node:util'
import { redactUrlPasswords } from '@capstan/core/plugin'
import { type ErrorExplanation, explainError } from './explain-error.js'
import { toPrintable } from './printable.js'
import { wrapText } from './text.js'

/**
 * Formats an error as short lines: the problem, its details, and remedies, which begin with an arrow. No line is repeated.
 * With `debug`, the inspected error and its stack follow.
 */
export function toErrorText(error: unknown, { debug, command, width }: ErrorTextOptions): string {
  const [problem = '', ...lines] = toLines(explainError(error, command)).map(toShown)
  const shown = [
    wrapLine(`${command}: ${problem}`, { indent: 0, width }),
    ...lines.map((line) => wrapLine(line, { indent: 2, width })),
  ]
  const text = shown.join('\n')
  return debug ? `${text}\n${redactUrlPasswords(inspect(error, { depth: 6 }))}` : text
}

export interface ErrorTextOptions {
  readonly debug: boolean
  /** For example `capstan run`. */
  readonly command: string
  /** Columns of the terminal. `undefined`: lines are not wrapped. */
  readonly width: number | undefined
}

/** Returns the parts of an explanation as lines, without repeated ones. */
function toLines({ problem, details, undoFailures, remedies }: ErrorExplanation): readonly string[] {
  const [count, noun] = [undoFailures.length, undoFailures.length === 1 ? 'step' : 'steps']
  const undo =
    count === 0 ? [] : [`${count} ${noun} of the cleanup failed:`, ...undoFailures.map((line) => `- ${line}`)]
  return [...new Set([problem, ...details, ...undo, ...remedies.map((remedy) => `→ ${remedy}`)])]
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

/** A container ID, shortened as in `ps`. A digest is not shortened, since a reference with a part of a digest is invalid. */
const wholeId = /(?<![:\w])[0-9a-f]{64}(?!\w)/g
