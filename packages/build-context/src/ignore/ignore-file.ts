import { posix } from 'node:path'
import { type ByteText, toByteText, trimSpace } from './byte-text.js'

/** One line of a .dockerignore that is neither blank nor a comment. */
export interface IgnoreLine {
  /** From 1. */
  readonly number: number
  /** As written. */
  readonly text: ByteText
  /** Cleaned, with `/` between names; `undefined` for a line that is too long to be read. */
  readonly pattern: ByteText | undefined
  /** Whether the line began with `!`: it keeps what an earlier line drops. The pattern is without the `!`. */
  readonly isException: boolean
}

/**
 * Reads a .dockerignore as docker's client does: https://pkg.go.dev/github.com/moby/patternmatcher/ignorefile
 *
 * docker cleans a line twice, before and after it looks for `!`. So `/!a` and `./!a` are exceptions, too, and `!../../a` is
 * not one.
 */
export function parseIgnoreFile(
  content: string | Uint8Array,
  { isWindows }: { readonly isWindows: boolean },
): readonly IgnoreLine[] {
  const lines = toByteText(content).split('\n')
  return lines.flatMap((line, index) => {
    const text = (index === 0 ? line.replace(/^\xef\xbb\xbf/, '') : line).replace(/\r$/, '')
    if (line.length > longestLine) return [{ number: index + 1, text, pattern: undefined, isException: false }]
    if (text.startsWith('#')) return []
    const trimmed = trimSpace(text)
    if (trimmed === '') return []
    return [{ number: index + 1, text, ...toPattern(isWindows ? trimmed.replaceAll('\\', '/') : trimmed) }]
  })
}

function toPattern(text: ByteText): Pick<IgnoreLine, 'pattern' | 'isException'> {
  const isMarked = text.startsWith('!')
  const named = isMarked ? trimSpace(text.slice(1)) : text
  const relative = named === '' ? '' : cleanPath(named).replace(/^\/(?=.)/s, '')
  const line = trimSpace(isMarked ? `!${relative}` : relative)
  const cleaned = line === '' ? '' : cleanPath(line)
  const isException = cleaned.startsWith('!')
  return { pattern: isException ? cleaned.slice(1) : cleaned, isException }
}

/** The shortest name of the same path, without `/` at its end: https://pkg.go.dev/path/filepath#Clean */
function cleanPath(path: ByteText): ByteText {
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}

/** In bytes, with a carriage return: https://pkg.go.dev/bufio#MaxScanTokenSize */
const longestLine = 65_535
