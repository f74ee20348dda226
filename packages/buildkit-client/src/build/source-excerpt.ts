import type { BuildSource } from '@capstan/core/plugin'

/** Lines of the Dockerfile that an error or a warning is about. */
export interface SourceLines {
  readonly file: string
  readonly text: string
  /** The numbers of the first and last line of each range, from 1. An `end` below `start` means one line. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[]
}

/**
 * Formats an excerpt as BuildKit's client does: line numbers, `>>>` before the named lines, and lines around them, 4 lines for
 * one line and 2 for several. `undefined` if the file does not have the lines.
 * https://github.com/moby/buildkit/blob/v0.32.2/solver/errdefs/source.go
 */
export function toExcerpt({ file, text, ranges }: SourceLines): BuildSource | undefined {
  const lines = text.split('\n')
  const named = ranges.map(({ start, end }) => ({ start, end: Math.max(start, end) }))
  const line = Math.min(...named.map(({ start }) => start))
  const last = Math.min(Math.max(...named.map(({ end }) => end)), lines.length)
  if (named.length === 0 || line < 1 || line > lines.length) return undefined
  const { from, to } = widen({ from: line, to: last }, { count: lines.length, padding: line === last ? 4 : 2 })
  const isNamed = (number: number) => named.some(({ start, end }) => start <= number && number <= end)
  const excerpt = lines
    .slice(from - 1, to)
    .map((one, index) => toLine(from + index, one, { isNamed: isNamed(from + index) }))
  return { file, line, excerpt }
}

/** Adds lines before and after, one of each in turn. A turn counts once more than the lines that it adds. */
function widen(
  { from, to }: { readonly from: number; readonly to: number },
  { count, padding }: { readonly count: number; readonly padding: number },
) {
  let [first, last] = [from, to]
  for (let used = 0; used < padding; used += 1) {
    if (first > 1) {
      first -= 1
      used += 1
    }
    if (last < count) {
      last += 1
      used += 1
    }
  }
  return { from: first, to: last }
}

function toLine(number: number, text: string, { isNamed }: { readonly isNamed: boolean }): string {
  return ` ${String(number).padStart(3)} | ${isNamed ? '>>>' : '   '} ${text}`
}
