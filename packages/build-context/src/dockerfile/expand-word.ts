import { DockerfileError } from './dockerfile-error.js'
import type { EscapeCharacter } from './parser-directives.js'
import { removePrefix, removeSuffix, replacePattern } from './shell-pattern.js'

/** Options of `expandWord`. */
export interface ExpandOptions {
  readonly variables: ReadonlyMap<string, string>
  /** Default `\`. */
  readonly escapeCharacter?: EscapeCharacter
}

/**
 * Expands the variables of a word, and removes its quotes and escape characters, like the builders.
 *
 * Supports `$NAME`, `${NAME}`, and `${NAME` with `-`, `:-`, `+`, `:+`, `?`, `:?`, `#`, `##`, `%`, `%%`, `/` or `//`. A variable
 * that is not set is empty. https://docs.docker.com/reference/dockerfile/#environment-replacement
 *
 * @throws DockerfileError for a word that no builder accepts, and for `?` with its text when the variable is not set.
 */
export function expandWord(word: string, { variables, escapeCharacter = '\\' }: ExpandOptions): string {
  return new WordReader(word, { variables, escapeCharacter }).readUntil(undefined, { keepsEscapes: false })
}

/** Parses one word. */
class WordReader {
  readonly #characters: readonly string[]
  readonly #variables: ReadonlyMap<string, string>
  readonly #escapeCharacter: EscapeCharacter
  #at = 0

  constructor(word: string, { variables, escapeCharacter }: Required<ExpandOptions>) {
    this.#characters = [...word]
    this.#variables = variables
    this.#escapeCharacter = escapeCharacter
  }

  /** Reads and expands up to the character `end`, or to the end of the word. */
  readUntil(end: string | undefined, mode: ReadMode): string {
    let result = ''
    for (;;) {
      const character = this.#next()
      if (character === end) return result
      if (character === undefined) throw new DockerfileError(`the substitution has no closing ${end}`)
      if (character === "'") result += this.#readSingleQuoted()
      else if (character === '"') result += this.#readDoubleQuoted(mode)
      else if (character === '$') result += this.#readVariable()
      else if (character === this.#escapeCharacter)
        result += (mode.keepsEscapes ? character : '') + (this.#next() ?? '')
      else result += character
    }
  }

  #readSingleQuoted(): string {
    const end = this.#characters.indexOf("'", this.#at)
    if (end === -1) throw new DockerfileError("the quotation has no closing '")
    const text = this.#characters.slice(this.#at, end).join('')
    this.#at = end + 1
    return text
  }

  #readDoubleQuoted(mode: ReadMode): string {
    let result = ''
    for (;;) {
      const character = this.#next()
      if (character === undefined) throw new DockerfileError('the quotation has no closing "')
      if (character === '"') return result
      if (character === '$') result += this.#readVariable()
      else if (character === this.#escapeCharacter) result += this.#readEscapedInQuotes(character, mode)
      else result += character
    }
  }

  /** The escape character is literal, unless it is followed by `"`, `$` or itself. */
  #readEscapedInQuotes(escapeCharacter: string, { keepsEscapes }: ReadMode): string {
    const kept = keepsEscapes ? escapeCharacter : ''
    const next = this.#peek()
    if (next === undefined) return kept
    if (next !== '"' && next !== '$' && next !== escapeCharacter) return kept + escapeCharacter
    this.#at += 1
    return kept + next
  }

  #readVariable(): string {
    if (this.#peek() !== '{') {
      const name = this.#readName()
      return name === '' ? '$' : (this.#variables.get(name) ?? '')
    }
    this.#at += 1
    if (['{', '}', ':', undefined].includes(this.#peek())) throw new DockerfileError('a substitution has no name')
    const name = this.#readName()
    return this.#readSubstitution(name, this.#next())
  }

  #readSubstitution(name: string, operator: string | undefined): string {
    const value = this.#variables.get(name)
    if (operator === '}') return value ?? ''
    if (operator === '/') return this.#readReplacement(value ?? '')
    const isColon = operator === ':'
    const sign = (isColon ? this.#next() : operator) ?? ''
    if (!(isColon ? /^[-+?]$/ : /^[-+?#%]$/).test(sign)) {
      throw new DockerfileError(`the modifier ${isColon ? ':' : ''}${sign} of \${${name}} is unknown`)
    }
    const isPattern = sign === '#' || sign === '%'
    const word = this.readUntil('}', { keepsEscapes: isPattern })
    if (isPattern) return applyPattern(value ?? '', sign, word)
    const isGiven = value !== undefined && !(isColon && value === '')
    if (sign === '+') return isGiven ? word : ''
    if (isGiven) return value
    if (sign === '-') return word
    const reason = word === '' ? `is not allowed to be ${value === undefined ? 'unset' : 'empty'}` : word
    throw new DockerfileError(`${name}: ${reason}`)
  }

  #readReplacement(value: string): string {
    const isGlobal = this.#peek() === '/'
    if (isGlobal) this.#at += 1
    const pattern = this.readUntil('/', { keepsEscapes: true })
    const replacement = this.readUntil('}', { keepsEscapes: true })
    return replacePattern(value, { pattern, replacement, isGlobal })
  }

  /** Reads a name of letters, digits and `_`, a number, or a special parameter of the shell, which is never set. */
  #readName(): string {
    const first = this.#peek() ?? ''
    if (/^\p{Nd}$/u.test(first)) return this.#readWhile(/^\p{Nd}$/u)
    if (/^[@*#?\-$!]$/.test(first)) {
      this.#at += 1
      return first
    }
    return this.#readWhile(/^[\p{L}\p{Nd}_]$/u)
  }

  #readWhile(pattern: RegExp): string {
    const start = this.#at
    while (pattern.test(this.#peek() ?? '')) this.#at += 1
    return this.#characters.slice(start, this.#at).join('')
  }

  #peek(): string | undefined {
    return this.#characters[this.#at]
  }

  #next(): string | undefined {
    const character = this.#peek()
    this.#at += 1
    return character
  }
}

interface ReadMode {
  /** Whether escape characters are kept, which have their own meaning in patterns. */
  readonly keepsEscapes: boolean
}

/** A single `#` or `%` removes the shortest match, a double one the longest. */
function applyPattern(value: string, sign: string, word: string): string {
  const isLongest = word.startsWith(sign)
  const pattern = isLongest ? word.slice(1) : word
  return sign === '#' ? removePrefix(value, pattern, { isLongest }) : removeSuffix(value, pattern, { isLongest })
}
