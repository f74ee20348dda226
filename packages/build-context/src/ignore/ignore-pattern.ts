import { type ByteText, readRune, toRunes } from './byte-text.js'
import { parseExpression } from './regular-expression.js'
import { countSteps, StateMachine } from './state-machine.js'

/** A path in the context, with `/` between names. */
export class IgnorePath {
  readonly bytes: ByteText
  #runes: readonly number[] | undefined

  constructor(bytes: ByteText) {
    this.bytes = bytes
  }

  get runes(): readonly number[] {
    this.#runes ??= toRunes(this.bytes)
    return this.#runes
  }
}

/** Whether a path matches a pattern. */
export type PathTest = (path: IgnorePath) => boolean

/**
 * Creates the test of a cleaned pattern. Returns `undefined` for a pattern that docker rejects when it compares the first path
 * with it.
 *
 * docker translates a pattern to a regular expression character by character, so patterns support more than is documented: if
 * a pattern has a wildcard, an escape or a class, then `|`, `{2}`, `^`, `\d`, `\bword` and `[[:alpha:]]` have their meaning in a
 * regular expression, and `*` or `?` in a class end it. Otherwise a pattern is compared as text.
 * https://pkg.go.dev/github.com/moby/patternmatcher
 */
export function createPathTest(pattern: ByteText): PathTest | undefined {
  const { kind, expression } = translate(pattern)
  if (kind === 'text') return ({ bytes }) => bytes === pattern
  if (kind === 'prefix') {
    const prefix = pattern.slice(0, -2)
    return ({ bytes }) => bytes.startsWith(prefix)
  }
  if (kind === 'suffix') {
    const suffix = pattern.slice(2)
    return ({ bytes }) => bytes.endsWith(suffix) || (suffix.startsWith('/') && bytes === suffix.slice(1))
  }
  const parsed = parseExpression(`${expression}$`)
  if (parsed === undefined || countSteps(parsed) > maxSteps) return undefined
  const { prefix, suffix } = findLiteralEnds(pattern)
  let machine: StateMachine | undefined
  return (path) => {
    if (!path.bytes.startsWith(prefix) || !path.bytes.endsWith(suffix)) return false
    machine ??= new StateMachine(parsed)
    return machine.matches(path.runes)
  }
}

/** Returns the texts before the first wildcard and after the last. Comparing them first excludes most paths quickly. */
function findLiteralEnds(pattern: ByteText): { readonly prefix: ByteText; readonly suffix: ByteText } {
  if (/[\\[\]|{}^\x80-\xff]/.test(pattern)) return { prefix: '', suffix: '' }
  const [prefix = ''] = /^[^*?]*/.exec(pattern) ?? []
  const [, suffix = ''] = /\/?([^*?]*)$/.exec(pattern.slice(prefix.length)) ?? []
  return { prefix, suffix }
}

/**
 * Whether docker accepts the pattern when it reads the file: Go's `filepath.Match` must be able to compare it with the name
 * `.`, see https://pkg.go.dev/path/filepath#Match
 *
 * `filepath.Match` does not detect an error after a `*`, unless the part before the `*` matches `.`, as in `?*[`.
 */
export function isPattern(pattern: ByteText): boolean {
  let isDotLeft = true
  for (let at = 0; at < pattern.length; ) {
    while (pattern[at] === '*') at += 1
    const chunk = readChunk(pattern, at)
    if (chunk === undefined) return false
    if (!isDotLeft || chunk.characters.length !== 1 || chunk.characters[0]?.matchesDot !== true) return true
    isDotLeft = false
    at = chunk.end
  }
  return true
}

/** A part of a pattern that matches one character. */
interface PatternCharacter {
  readonly matchesDot: boolean
  readonly end: number
}

/** Reads the part of a pattern up to the next `*`. Returns `undefined` if it is not well-formed. */
function readChunk(
  pattern: ByteText,
  start: number,
): { readonly characters: readonly PatternCharacter[]; readonly end: number } | undefined {
  const characters: PatternCharacter[] = []
  let at = start
  while (at < pattern.length && pattern[at] !== '*') {
    const character = pattern[at] === '[' ? readClass(pattern, at) : readPlain(pattern, at)
    if (character === undefined || character.end > pattern.length) return undefined
    characters.push(character)
    at = character.end
  }
  return { characters, end: at }
}

function readPlain(pattern: ByteText, at: number): PatternCharacter {
  if (pattern[at] === '\\') return { matchesDot: pattern[at + 1] === '.', end: at + 2 }
  return { matchesDot: pattern[at] === '.' || pattern[at] === '?', end: at + 1 }
}

function readClass(pattern: ByteText, start: number): PatternCharacter | undefined {
  const isNegated = pattern[start + 1] === '^'
  let at = isNegated ? start + 2 : start + 1
  let hasDot = false
  do {
    const low = readClassCharacter(pattern, at)
    const high = low !== undefined && pattern[low.end] === '-' ? readClassCharacter(pattern, low.end + 1) : low
    if (low === undefined || high === undefined) return undefined
    hasDot ||= low.rune <= dot && dot <= high.rune
    at = high.end
  } while (pattern[at] !== ']')
  return { matchesDot: hasDot !== isNegated, end: at + 1 }
}

/** `-` and `]` are literal only after a `\`. A class that reaches the end of the pattern is not closed. */
function readClassCharacter(
  pattern: ByteText,
  start: number,
): { readonly rune: number; readonly end: number } | undefined {
  if (pattern[start] === '-' || pattern[start] === ']') return undefined
  const at = pattern[start] === '\\' ? start + 1 : start
  const character = readRune(pattern, at)
  if (character === undefined || at + character.length >= pattern.length) return undefined
  return { rune: character.rune, end: at + character.length }
}

interface Translation {
  readonly kind: 'text' | 'prefix' | 'suffix' | 'expression'
  readonly expression: string
}

function translate(pattern: ByteText): Translation {
  const runes = toRunes(pattern).map((rune) => String.fromCodePoint(rune))
  if (runes[0] === '\uFEFF') runes.shift() // Go's scanner skips it
  let kind: Translation['kind'] = 'text'
  let expression = '^'
  for (let at = 0; at < runes.length; at += 1) {
    const rune = runes[at] ?? ''
    const next = runes[at + 1]
    if (rune === '*' && next === '*') {
      const isFirst = at === 0
      at += runes[at + 2] === '/' ? 2 : 1
      const isLast = at + 1 >= runes.length
      if (isLast && kind === 'text') kind = 'prefix'
      else {
        kind = 'expression'
        expression += isLast ? '.*' : '(.*/)?'
      }
      if (isFirst) kind = 'suffix'
    } else if (rune === '\\' && next !== undefined) {
      kind = 'expression'
      expression += rune + next
      at += 1
    } else {
      if ('*?[]'.includes(rune)) kind = 'expression'
      expression += translations.get(rune) ?? rune
    }
  }
  return { kind, expression }
}

/** The expressions that replace characters of the pattern. docker does not change `|`, `{`, `}` and `^`. */
const translations: ReadonlyMap<string, string> = new Map([
  ['*', '[^/]*'],
  ['?', '[^/]'],
  ...Array.from('.+()$', (character) => [character, `\\${character}`] as const),
])
const dot = 0x2e
/** The limit of Go's regexp package. */
const maxSteps = 3_355_443
