import { type ByteText, readRune, toRunes } from './byte-text.js'
import { parseExpression } from './regular-expression.js'
import { countSteps, StateMachine } from './state-machine.js'

/** A path of the context, relative, with `/` between names. */
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

/** Tells whether a path matches a pattern. */
export type PathTest = (path: IgnorePath) => boolean

/**
 * Makes the test of a cleaned pattern; `undefined` for one that docker refuses when it compares the first path with it.
 *
 * docker translates a pattern to a regular expression character by character, which gives these patterns more meanings
 * than are documented: `|`, `{2}`, `^`, `\d`, `\bword` and `[[:alpha:]]` are understood as in an expression when the
 * pattern has a wildcard, an escape or a class, and `*` or `?` in a class end it. Without them a pattern is compared as
 * text. https://pkg.go.dev/github.com/moby/patternmatcher
 */
export function createPathTest(pattern: ByteText): PathTest | undefined {
  const { kind, expression } = translate(pattern)
  if (kind === 'text') return ({ bytes }) => bytes === pattern
  if (kind === 'beginning') {
    const beginning = pattern.slice(0, -2)
    return ({ bytes }) => bytes.startsWith(beginning)
  }
  if (kind === 'end') {
    const end = pattern.slice(2)
    return ({ bytes }) => bytes.endsWith(end) || (end.startsWith('/') && bytes === end.slice(1))
  }
  const parsed = parseExpression(`${expression}$`)
  if (parsed === undefined || countSteps(parsed) > mostSteps) return undefined
  const { beginning, end } = findFixedEnds(pattern)
  let machine: StateMachine | undefined
  return (path) => {
    if (!path.bytes.startsWith(beginning) || !path.bytes.endsWith(end)) return false
    machine ??= new StateMachine(parsed)
    return machine.matches(path.runes)
  }
}

/** The texts before the first wildcard and after the last. Most paths that do not match differ in them already. */
function findFixedEnds(pattern: ByteText): { readonly beginning: ByteText; readonly end: ByteText } {
  if (/[\\[\]|{}^\x80-\xff]/.test(pattern)) return { beginning: '', end: '' }
  const [beginning = ''] = /^[^*?]*/.exec(pattern) ?? []
  const [, end = ''] = /\/?([^*?]*)$/.exec(pattern.slice(beginning.length)) ?? []
  return { beginning, end }
}

/**
 * Tells whether docker accepts the pattern when it reads the file, that is whether Go's `filepath.Match` can compare it with
 * the name `.`: https://pkg.go.dev/path/filepath#Match
 *
 * `filepath.Match` does not notice a fault after a `*`, unless the part before the `*` matches `.`, as in `?*[`.
 */
export function isPattern(pattern: ByteText): boolean {
  let isNameLeft = true
  for (let at = 0; at < pattern.length; ) {
    while (pattern[at] === '*') at += 1
    const chunk = readChunk(pattern, at)
    if (chunk === undefined) return false
    if (!isNameLeft || chunk.characters.length !== 1 || chunk.characters[0]?.matchesDot !== true) return true
    isNameLeft = false
    at = chunk.end
  }
  return true
}

/** A part of a pattern that matches one character. */
interface PatternCharacter {
  readonly matchesDot: boolean
  readonly end: number
}

/** The part of a pattern up to its next `*`; `undefined` when it is not well-formed. */
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

/** `-` and `]` are literal only after a `\`. A class whose last character ends the pattern is not closed. */
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
  readonly kind: 'text' | 'beginning' | 'end' | 'expression'
  readonly expression: string
}

function translate(pattern: ByteText): Translation {
  const runes = toRunes(pattern).map((rune) => String.fromCodePoint(rune))
  if (runes[0] === '\uFEFF') runes.shift() // Go's reader of characters skips it.
  let kind: Translation['kind'] = 'text'
  let expression = '^'
  for (let at = 0; at < runes.length; at += 1) {
    const rune = runes[at] ?? ''
    const next = runes[at + 1]
    if (rune === '*' && next === '*') {
      const isFirst = at === 0
      at += runes[at + 2] === '/' ? 2 : 1
      const isLast = at + 1 >= runes.length
      if (isLast && kind === 'text') kind = 'beginning'
      else {
        kind = 'expression'
        expression += isLast ? '.*' : '(.*/)?'
      }
      if (isFirst) kind = 'end'
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

/** The expressions that replace characters of the pattern. `|`, `{`, `}` and `^` are left unchanged. */
const translations: ReadonlyMap<string, string> = new Map([
  ['*', '[^/]*'],
  ['?', '[^/]'],
  ...Array.from('.+()$', (character) => [character, `\\${character}`] as const),
])
const dot = 0x2e
const mostSteps = 3_355_443
