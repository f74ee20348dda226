import dockerignore from '@balena/dockerignore'
import { refuse } from './invalid-entry.js'

export const ignoreFile = '.dockerignore'

/** What a .dockerignore says about one path. */
export interface IgnoreRules {
  /** The path is dropped. Of an ignored directory something may still be kept: ask `mayKeepBelow`. */
  ignores(path: string): boolean
  /** False: nothing below this ignored directory is kept, so that it need not be read. */
  mayKeepBelow(directory: string): boolean
}

/** Reads the text of a .dockerignore. A pattern that is none: INVALID_ARGUMENT naming `field`. */
export function createIgnoreRules(
  text: string,
  { field, keep }: { readonly field: string; readonly keep: readonly string[] },
): IgnoreRules {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const ignores = compile(lines, field)
  const kept = new Set(keep)
  const prefixes = [...lines.filter(isException).map(toFixedPrefix), ...keep]
  return {
    ignores: (path) => !kept.has(path) && ignores(path),
    mayKeepBelow: (directory) => prefixes.some((prefix) => isOnOneWay(prefix, directory)),
  }
}

function compile(lines: string[], field: string): (path: string) => boolean {
  const matcher = dockerignore.default({ ignorecase: false }).add(lines)
  // Its cache is a plain object, in which a file named "constructor" is found before it was ever asked for.
  const cache: unknown = Reflect.get(matcher, '_cache')
  if (typeof cache === 'object' && cache !== null) Object.setPrototypeOf(cache, null)
  try {
    matcher.ignores('compile') // patterns are compiled when the first path is asked for
  } catch {
    throw refuse(field, 'patterns of a .dockerignore', lines.find((line) => !isPattern(line)) ?? '')
  }
  return (path) => matcher.ignores(path)
}

function isPattern(line: string): boolean {
  try {
    dockerignore.default({ ignorecase: false }).add([line]).ignores('compile')
    return true
  } catch {
    return false
  }
}

/** docker takes `!x`, `! x`, `/!x` and `!/x` for an exception alike. */
function isException(line: string): boolean {
  return /^\s*\/?!/.test(line)
}

/** The part of an exception before its first wildcard: `docs/api` of `!docs/api/*.md`. */
function toFixedPrefix(line: string): string {
  const parts = line
    .trim()
    .replace(/^[/!\s]+/, '')
    .split('/')
  const wild = parts.findIndex((part) => /[*?[\\]/.test(part) || part === '..')
  const fixed = wild === -1 ? parts : parts.slice(0, wild)
  return fixed.filter((part) => part !== '' && part !== '.').join('/')
}

function isOnOneWay(prefix: string, directory: string): boolean {
  return prefix === '' || `${prefix}/`.startsWith(`${directory}/`) || `${directory}/`.startsWith(`${prefix}/`)
}
