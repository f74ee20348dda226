/** A part of a regular expression. */
export type Expression =
  | { readonly kind: 'one'; readonly accepts: RuneTest }
  | { readonly kind: 'at'; readonly position: Position }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly part: Expression; readonly min: number; readonly max: number }

/** Whether a code point is accepted. */
export type RuneTest = (rune: number) => boolean

/** A position that an expression requires. */
export type Position = 'start' | 'end' | 'word-boundary' | 'no-word-boundary'

/**
 * Parses a regular expression of Go: https://pkg.go.dev/regexp/syntax. Returns `undefined` for one that Go rejects.
 *
 * Supports what the translation of an ignore pattern can contain. Groups with flags or names, `+`, `$` within the text and a
 * `?` after a repetition do not occur there. The names of scripts in `\p{…}` are those of JavaScript, which also accepts their
 * four-letter codes.
 */
export function parseExpression(text: string): Expression | undefined {
  try {
    const parser = new Parser(text)
    const expression = parser.readChoice()
    return parser.isAtEnd() ? expression : undefined
  } catch (error) {
    if (error instanceof ExpressionError) return undefined
    throw error
  }
}

class ExpressionError extends Error {}

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
        if (part === undefined || isRepeated) throw new ExpressionError()
        parts.push(repeat(part, count))
      } else parts.push(...this.#readParts())
      isRepeated = count !== undefined
    }
    return { kind: 'sequence', parts }
  }

  /** Reads `*`, `?` or `{…}`. A brace that does not begin a count is a character. */
  #readCount(): Count | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY }
    if (this.#take('?')) return { min: 0, max: 1 }
    if (!this.#sees('{')) return undefined
    const rest = this.#runes.slice(this.#at, this.#at + maxCountLength).join('')
    const [all, low, comma, high] = /^\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/.exec(rest) ?? []
    if (all === undefined) return undefined
    this.#at += all.length
    const min = Number(low)
    const open = comma === undefined ? min : Number.POSITIVE_INFINITY
    const max = high === undefined ? open : Number(high)
    if (min > maxRepeats || (max > maxRepeats && Number.isFinite(max)) || max < min) throw new ExpressionError()
    return { min, max }
  }

  /** Reads one part. A quotation has any number of parts. */
  #readParts(): readonly Expression[] {
    if (this.#sees('\\')) return this.#readEscaped()
    if (this.#sees('[')) return [{ kind: 'one', accepts: this.#readClass() }]
    if (this.#take('(')) {
      const group = this.readChoice()
      if (!this.#take(')')) throw new ExpressionError()
      return [group]
    }
    if (this.#take('^')) return [{ kind: 'at', position: 'start' }]
    if (this.#take('$')) return [{ kind: 'at', position: 'end' }]
    if (this.#take('.')) return [{ kind: 'one', accepts: (rune) => rune !== 0x0a }]
    return [toOne(this.#next())]
  }

  #readEscaped(): readonly Expression[] {
    const position = positions.get(this.#runes[this.#at + 1] ?? '')
    if (position !== undefined) {
      this.#at += 2
      return [{ kind: 'at', position }]
    }
    if (this.#runes[this.#at + 1] === 'Q') {
      this.#at += 2
      return this.#readQuoted().map(toOne)
    }
    const accepts = this.#readNamedClass()
    return [accepts === undefined ? toOne(this.#readEscape()) : { kind: 'one', accepts }]
  }

  /** Reads up to `\E` or the end. */
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
    if (high < low) throw new ExpressionError()
    return (rune) => low <= rune && rune <= high
  }

  #readClassCharacter(): number {
    return toRune(this.#sees('\\') ? this.#readEscape() : this.#next())
  }

  /** Reads `[:alpha:]`, or `[:^alpha:]` for all other characters. */
  #readPosixClass(): RuneTest | undefined {
    if (!this.#sees('[') || this.#runes[this.#at + 1] !== ':') return undefined
    const rest = this.#runes.slice(this.#at + 2).join('')
    const length = rest.indexOf(':]')
    if (length === -1) return undefined
    const [, negation, name = ''] = /^(\^?)(.*)$/s.exec(rest.slice(0, length)) ?? []
    const set = posixClasses.get(name)
    if (set === undefined) throw new ExpressionError()
    this.#at += Array.from(rest.slice(0, length)).length + 4
    return toTest(set, { isNegated: negation !== '' })
  }

  /** Reads classes such as `\d` and `\W`, and Unicode classes: `\pL`, `\P{Greek}`, `\p{^Lu}`. */
  #readNamedClass(): RuneTest | undefined {
    if (!this.#sees('\\')) return undefined
    const letter = this.#runes[this.#at + 1] ?? ''
    const set = letterClasses.get(letter.toLowerCase())
    if (set !== undefined) {
      this.#at += 2
      return toTest(set, { isNegated: letter !== letter.toLowerCase() })
    }
    if (letter !== 'p' && letter !== 'P') return undefined
    this.#at += 2
    const name = this.#take('{') ? this.#readUntilBrace() : this.#next()
    const bare = name.replace(/^\^/, '')
    return toTest(findUnicodeClass(bare), { isNegated: (letter === 'P') !== (bare !== name) })
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
    if (/[0-9A-Za-z]/.test(rune) || rune > '\x7f') throw new ExpressionError()
    return rune
  }

  /** A single digit other than 0 is a back reference, which Go does not support. */
  #readOctal(first: string): string {
    const rest = this.#runes.slice(this.#at, this.#at + 2).join('')
    const [digits = ''] = /^[0-7]*/.exec(rest) ?? []
    if (first !== '0' && digits === '') throw new ExpressionError()
    this.#at += digits.length
    return String.fromCodePoint(Number.parseInt(first + digits, 8))
  }

  #readHex(): string {
    const digits = this.#take('{') ? this.#readUntilBrace() : this.#next() + this.#next()
    const code = /^[0-9A-Fa-f]+$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
    if (!(code <= 0x10ffff)) throw new ExpressionError()
    return String.fromCodePoint(code)
  }

  #sees(rune: string): boolean {
    return this.#runes[this.#at] === rune
  }

  #take(rune: string): boolean {
    const isNext = this.#sees(rune)
    if (isNext) this.#at += 1
    return isNext
  }

  #next(): string {
    const rune = this.#runes[this.#at]
    if (rune === undefined) throw new ExpressionError()
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
  if (!isWithin(repeated, maxRepeats)) throw new ExpressionError()
  return repeated
}

/** Nested counts are multiplied. Go rejects a product of more than 1000. */
function isWithin(expression: Expression, max: number): boolean {
  if (expression.kind === 'repeat') {
    const { part, min, max: high } = expression
    const count = Number.isFinite(high) ? high : min
    if (count > max) return false
    return isWithin(part, count > 0 ? Math.floor(max / count) : max)
  }
  return 'parts' in expression ? expression.parts.every((part) => isWithin(part, max)) : true
}

function toOne(character: string): Expression {
  const own = toRune(character)
  return { kind: 'one', accepts: (rune) => rune === own }
}

function toRune(character: string): number {
  return character.codePointAt(0) ?? 0
}

function toTest(set: RegExp, { isNegated }: { readonly isNegated: boolean }): RuneTest {
  return (rune) => set.test(String.fromCodePoint(rune)) !== isNegated
}

function findUnicodeClass(name: string): RegExp {
  if (name === 'Any') return /^/
  if (/^(C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/.test(name))
    return new RegExp(`\\p{${name}}`, 'u')
  if (!/^[A-Z][A-Za-z_]+$/.test(name)) throw new ExpressionError()
  try {
    return new RegExp(`\\p{Script=${name}}`, 'u')
  } catch {
    throw new ExpressionError()
  }
}

const maxRepeats = 1000
const maxCountLength = 300

const positions: ReadonlyMap<string, Position> = new Map([
  ['A', 'start'],
  ['z', 'end'],
  ['b', 'word-boundary'],
  ['B', 'no-word-boundary'],
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class of control characters
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
