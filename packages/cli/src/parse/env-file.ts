import { UsageError } from '../usage-error.js'

/** The `NAME=VALUE` and `NAME` lines of an environment file; blank lines and `#` lines are left out, quotes are kept, as docker does. */
export function parseEnvFile(text: string): readonly string[] {
  return toLines(text).filter(isVariable)
}

/**
 * The text of an environment file, which is UTF-8, with or without a byte order mark.
 *
 * @throws UsageError naming `file` and the first line that is not UTF-8, has no name, or has white space in its name; no
 * value is shown.
 */
export function readEnvFile(bytes: Uint8Array, file: string): string {
  const text = decode(bytes)
  if (text === undefined) {
    throw new UsageError(`${file}, line ${findUndecodable(bytes)}: not UTF-8; save the file as UTF-8`)
  }
  for (const [index, line] of toLines(text).entries()) {
    const problem = isVariable(line) ? findProblem(line) : undefined
    if (problem !== undefined) throw new UsageError(`${file}, line ${index + 1}: ${problem}`)
  }
  return text
}

/** Splits at LF or CRLF, and removes the white space before each name. */
function toLines(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  return lines.map((line) => line.trimStart())
}

function isVariable(line: string): boolean {
  return line !== '' && !line.startsWith('#')
}

function findProblem(line: string): string | undefined {
  const [name = ''] = line.split('=', 1)
  if (name === '') return 'no name before the "="'
  return /[ \t]/.test(name) ? `white space in the name ${JSON.stringify(name)}` : undefined
}

/** The number of the first line that is not UTF-8, from 1. In UTF-8 the byte 0x0a is always a line feed. */
function findUndecodable(bytes: Uint8Array): number {
  for (let line = 1, start = 0; ; line += 1) {
    const end = bytes.indexOf(0x0a, start)
    if (end === -1 || decode(bytes.subarray(start, end)) === undefined) return line
    start = end + 1
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
