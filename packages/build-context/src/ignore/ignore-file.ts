import { posix } from 'node:path'
import { type ByteText, toByteText, trimSpace } from './byte-text.js'

/** One line of a .dockerignore that is neither blank nor a comment. */
export interface IgnoreLine {
  /** The line number, starting at 1. */
  readonly number: number
  /** The text of the line as it is written. */
  readonly text: ByteText
  /** The cleaned pattern, with `/` between names. `undefined` for a line that is too long. */
  readonly pattern: ByteText | undefined
  /** Whether the line begins with `!`: it includes what an earlier line excludes. The pattern is without the `!`. */
  readonly isException: boolean
}

/**
 * Parses a .dockerignore like docker's client: https://pkg.go.dev/github.com/moby/patternmatcher/ignorefile
 *
 * docker cleans a line twice, before and after it removes `!`. So `/!a` and `./!a` are exceptions, too, and `!../../a` is not.
 */
export function parseIgnoreFile(
  content: string | Uint8Array,
  { isWindows }: { readonly isWindows: boolean },
): readonly IgnoreLine[] {
  const lines = toByteText(content).split('\n')
  return lines.flatMap((line, index) => {
    const text = (index === 0 ? line.replace(/^\xef\xbb\xbf/, '') : line).replace(/\r$/, '')
    if (line.length > maxLineBytes) return [{ number: index + 1, text, pattern: undefined, isException: false }]
    if (text.startsWith('#')) return []
    const trimmed = trimSpace(text)
    if (trimmed === '') return []
    return [{ number: index + 1, text, ...toPattern(isWindows ? trimmed.replaceAll('\\', '/') : trimmed) }]
  })
}

/** Parses patterns that were lines of a .dockerignore. They have no comments, and are cleaned once more. */
export function parsePatterns(patterns: readonly string[]): readonly IgnoreLine[] {
  return patterns.map((pattern, index) => {
    const text = trimSpace(toByteText(pattern))
    const cleaned = text === '' ? '' : cleanPath(text)
    const isException = cleaned.startsWith('!')
    return { number: index + 1, text, pattern: isException ? cleaned.slice(1) : cleaned, isException }
  })
}

function toPattern(text: ByteText): Pick<IgnoreLine, 'pattern' | 'isException'> {
  const isNegated = text.startsWith('!')
  const named = isNegated ? trimSpace(text.slice(1)) : text
  const relative = named === '' ? '' : cleanPath(named).replace(/^\/(?=.)/s, '')
  const line = trimSpace(isNegated ? `!${relative}` : relative)
  const cleaned = line === '' ? '' : cleanPath(line)
  const isException = cleaned.startsWith('!')
  return { pattern: isException ? cleaned.slice(1) : cleaned, isException }
}

/** Returns the shortest equivalent path, without a trailing `/`: https://pkg.go.dev/path/filepath#Clean */
function cleanPath(path: ByteText): ByteText {
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}

/** Includes a carriage return: https://pkg.go.dev/bufio#MaxScanTokenSize */
const maxLineBytes = 65_535
