/** A part of a regular expression. */
export type Expression =
  | { readonly kind: 'one'; readonly accepts: RuneTest }
  | { readonly kind: 'at'; readonly place: Place }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly part: Expression; readonly min: number; readonly max: number }

/** Tells whether a code point is accepted. */
export type RuneTest = (rune: number) => boolean
/** A position that an expression requires: the start or end of the text, or of a word. */
export type Place = 'start' | 'end' | 'word-edge' | 'no-word-edge'

/**
 * Reads a regular expression of Go: https://pkg.go.dev/regexp/syntax. `undefined` for one that Go refuses.
 *
 * Understands what the translation of an ignore pattern can contain. Groups with flags or names, `+`, `$` within the text
 * and one more `?` after a repetition do not occur there. Names of scripts in `\p{…}` are those of JavaScript, which
 * also takes their four-letter codes.
 */
export function parseExpression(text: string): Expression | undefined {
  try {
    const parser = new Parser(text)
    const expression = parser.readChoice()
    return parser.isAtEnd() ? expression : undefined
  } catch (error) {
    if (error instanceof SyntaxFault) return undefined
    throw error
  }
}

class SyntaxFault extends Error {}

class Parser {
  readonly #runes: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#runes = Array.from(text)
  }

  isAtEnd(): boolean {
    return this.#at >= this.#runes.length
  }

  readChoice(): Expression {
    const parts = [this.#readSequence()]
    while (this.#take('|')) parts.push(this.#readSequence())
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'choice', parts }
  }

  #readSequence(): Expression {
    const parts: Expression[] = []
    let isRepeated = false
    while (!this.isAtEnd() && !this.#sees('|') && !this.#sees(')')) {
      const count = this.#readCount()
      if (count !== undefined) {
        const part = parts.pop()
        if (part === undefined || isRepeated) throw new SyntaxFault()
        parts.push(repeat(part, count))
      } else parts.push(...this.#readParts())
      isRepeated = count !== undefined
    }
    return { kind: 'sequence', parts }
  }

  /** Of `*`, `?` and `{…}`; a brace that begins no count is a character. */
  #readCount(): Count | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (this.#take('?')) return { min: 0, max: 1 }
    if (!this.#sees('{')) return undefined
    const rest = this.#runes.slice(this.#at, this.#at + longestCount).join('')
    const [all, low, comma, high] = /^\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/.exec(rest) ?? []
    if (all === undefined) return undefined
    this.#at += all.length
    const min = Number(low)
    const open = comma === undefined ? min : Number.POSITIVE_INFINITY
    const max = high === undefined ? open : Number(high)
    if (min > mostRepeats || (max > mostRepeats && Number.isFinite(max)) || max < min) throw new SyntaxFault()
    return { min, max }
  }

  /** One part; several, or none, of a quotation. */
  #readParts(): readonly Expression[] {
    if (this.#sees('\\')) return this.#readEscaped()
    if (this.#sees('[')) return [{ kind: 'one', accepts: this.#readClass() }]
    if (this.#take('(')) {
      const group = this.readChoice()
      if (!this.#take(')')) throw new SyntaxFault()
      return [group]
    }
    if (this.#take('^')) return [{ kind: 'at', place: 'start' }]
    if (this.#take('$')) return [{ kind: 'at', place: 'end' }]
    if (this.#take('.')) return [{ kind: 'one', accepts: (rune) => rune !== 0x0a }]
    return [toOne(this.#next())]
  }

  #readEscaped(): readonly Expression[] {
    const place = places.get(this.#runes[this.#at + 1] ?? '')
    if (place !== undefined) {
      this.#at += 2
      return [{ kind: 'at', place }]
    }
    if (this.#runes[this.#at + 1] === 'Q') {
      this.#at += 2
      return this.#readQuoted().map(toOne)
    }
    const accepts = this.#readNamedClass()
    return [accepts === undefined ? toOne(this.#readEscape()) : { kind: 'one', accepts }]
  }

  /** Up to `\E` or the end. */
  #readQuoted(): readonly string[] {
    const start = this.#at
    while (!this.isAtEnd() && !(this.#sees('\\') && this.#runes[this.#at + 1] === 'E')) this.#at += 1
    const quoted = this.#runes.slice(start, this.#at)
    this.#at += 2
    return quoted
  }

  #readClass(): RuneTest {
    this.#at += 1
    const isNegated = this.#take('^')
    const tests: RuneTest[] = []
    do tests.push(this.#readPosixClass() ?? this.#readNamedClass() ?? this.#readRange())
    while (!this.#take(']'))
    return (rune) => tests.some((accepts) => accepts(rune)) !== isNegated
  }

  #readRange(): RuneTest {
    const low = this.#readClassCharacter()
    if (!this.#sees('-') || [undefined, ']'].includes(this.#runes[this.#at + 1])) return (rune) => rune === low
    this.#at += 1
    const high = this.#readClassCharacter()
    if (high < low) throw new SyntaxFault()
    return (rune) => low <= rune && rune <= high
  }

  #readClassCharacter(): number {
    return toRune(this.#sees('\\') ? this.#readEscape() : this.#next())
  }

  /** `[:alpha:]`, and `[:^alpha:]` for all others. */
  #readPosixClass(): RuneTest | undefined {
    if (!this.#sees('[') || this.#runes[this.#at + 1] !== ':') return undefined
    const rest = this.#runes.slice(this.#at + 2).join('')
    const length = rest.indexOf(':]')
    if (length === -1) return undefined
    const [, negation, name = ''] = /^(\^?)(.*)$/s.exec(rest.slice(0, length)) ?? []
    const set = posixClasses.get(name)
    if (set === undefined) throw new SyntaxFault()
    this.#at += Array.from(rest.slice(0, length)).length + 4
    return toTest(set, negation !== '')
  }

  /** `\d`, `\W` and such, and classes of Unicode: `\pL`, `\P{Greek}`, `\p{^Lu}`. */
  #readNamedClass(): RuneTest | undefined {
    if (!this.#sees('\\')) return undefined
    const letter = this.#runes[this.#at + 1] ?? ''
    const set = letterClasses.get(letter.toLowerCase())
    if (set !== undefined) {
      this.#at += 2
      return toTest(set, letter !== letter.toLowerCase())
    }
    if (letter !== 'p' && letter !== 'P') return undefined
    this.#at += 2
    const name = this.#take('{') ? this.#readUntilBrace() : this.#next()
    const bare = name.replace(/^\^/, '')
    return toTest(findUnicodeClass(bare), (letter === 'P') !== (bare !== name))
  }

  #readUntilBrace(): string {
    const start = this.#at
    while (!this.#sees('}')) this.#next()
    this.#at += 1
    return this.#runes.slice(start, this.#at - 1).join('')
  }

  #readEscape(): string {
    this.#at += 1
    const rune = this.#next()
    if (/[0-7]/.test(rune)) return this.#readOctal(rune)
    if (rune === 'x') return this.#readHex()
    const control = controls.get(rune)
    if (control !== undefined) return control
    if (/[0-9A-Za-z]/.test(rune) || rune > '\x7f') throw new SyntaxFault()
    return rune
  }

  /** A single digit other than 0 would be a reference to a group, which Go does not support. */
  #readOctal(first: string): string {
    const rest = this.#runes.slice(this.#at, this.#at + 2).join('')
    const [digits = ''] = /^[0-7]*/.exec(rest) ?? []
    if (first !== '0' && digits === '') throw new SyntaxFault()
    this.#at += digits.length
    return String.fromCodePoint(Number.parseInt(first + digits, 8))
  }

  #readHex(): string {
    const digits = this.#take('{') ? this.#readUntilBrace() : this.#next() + this.#next()
    const code = /^[0-9A-Fa-f]+$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
    if (!(code <= 0x10ffff)) throw new SyntaxFault()
    return String.fromCodePoint(code)
  }

  #sees(rune: string): boolean {
    return this.#runes[this.#at] === rune
  }

  #take(rune: string): boolean {
    const isThere = this.#sees(rune)
    if (isThere) this.#at += 1
    return isThere
  }

  #next(): string {
    const rune = this.#runes[this.#at]
    if (rune === undefined) throw new SyntaxFault()
    this.#at += 1
    return rune
  }
}

interface Count {
  readonly min: number
  readonly max: number
}

function repeat(part: Expression, { min, max }: Count): Expression {
  const repeated: Expression = { kind: 'repeat', part, min, max }
  if (!isWithin(repeated, mostRepeats)) throw new SyntaxFault()
  return repeated
}

/** Counts within counts multiply; Go refuses more than 1000 in all. */
function isWithin(expression: Expression, most: number): boolean {
  if (expression.kind === 'repeat') {
    const { part, min, max } = expression
    const count = Number.isFinite(max) ? max : min
    if (count > most) return false
    return isWithin(part, count > 0 ? Math.floor(most / count) : most)
  }
  return 'parts' in expression ? expression.parts.every((part) => isWithin(part, most)) : true
}

function toOne(character: string): Expression {
  const own = toRune(character)
  return { kind: 'one', accepts: (rune) => rune === own }
}

function toRune(character: string): number {
  return character.codePointAt(0) ?? 0
}

function toTest(set: RegExp, isNegated: boolean): RuneTest {
  return (rune) => set.test(String.fromCodePoint(rune)) !== isNegated
}

function findUnicodeClass(name: string): RegExp {
  if (name === 'Any') return /^/
  if (/^(C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/.test(name))
    return new RegExp(`\\p{${name}}`, 'u')
  if (!/^[A-Z][A-Za-z_]+$/.test(name)) throw new SyntaxFault()
  try {
    return new RegExp(`\\p{Script=${name}}`, 'u')
  } catch {
    throw new SyntaxFault()
  }
}

const mostRepeats = 1000
const longestCount = 300

const places: ReadonlyMap<string, Place> = new Map([
  ['A', 'start'],
  ['z', 'end'],
  ['b', 'word-edge'],
  ['B', 'no-word-edge'],
])

const controls: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

const letterClasses: ReadonlyMap<string, RegExp> = new Map([
  ['d', /[0-9]/],
  ['s', /[\t\n\f\r ]/],
  ['w', /[0-9A-Za-z_]/],
])

const posixClasses: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[0-9A-Za-z]/],
  ['alpha', /[A-Za-z]/],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  ['ascii', /[\x00-\x7f]/],
  ['blank', /[\t ]/],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it names
  ['cntrl', /[\x00-\x1f\x7f]/],
  ['digit', /[0-9]/],
  ['graph', /[!-~]/],
  ['lower', /[a-z]/],
  ['print', /[ -~]/],
  ['punct', /[!-/:-@[-`{-~]/],
  ['space', /[\t-\r ]/],
  ['upper', /[A-Z]/],
  ['word', /[0-9A-Za-z_]/],
  ['xdigit', /[0-9A-Fa-f]/],
])
