import type { EscapeCharacter } from './parser-directives.js'
import { isSpace } from './white-space.js'

/** `NAME=value` or `NAME`. Quotes, escape characters and variables are kept. */
export interface DockerfilePair {
  readonly name: string
  readonly value: string | undefined
}

/** Reads the pairs of an ARG, ENV or LABEL. `ENV NAME value` is the older form of one pair. */
export function readPairs(
  { keyword, text }: { readonly keyword: string; readonly text: string },
  escapeCharacter: EscapeCharacter,
): readonly DockerfilePair[] {
  const words = splitWords(text, escapeCharacter)
  const [first = ''] = words
  if (keyword !== 'ARG' && !first.includes('=')) {
    const [, name = text, value] = /^([^\t\v\f\r ]+)[\t\v\f\r ]+([\s\S]*)$/.exec(text) ?? []
    return [{ name, value }]
  }
  return words.map((word) => {
    const at = word.indexOf('=')
    return at === -1 ? { name: word, value: undefined } : { name: word.slice(0, at), value: word.slice(at + 1) }
  })
}

/**
 * Splits the arguments of ARG, ENV and LABEL into words at white space that is neither quoted nor escaped. Quotes and escape
 * characters are kept; `expandWord` removes them.
 */
function splitWords(text: string, escapeCharacter: EscapeCharacter): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  const characters = [...text]
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? ''
    if (quote === '' && isSpace(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    if (character === escapeCharacter && quote !== "'") {
      // An escape character at the end is ignored.
      if (at + 1 === characters.length) break
      at += 1
      word = `${word ?? ''}${character}${characters[at]}`
      continue
    }
    if (quote === '' && (character === "'" || character === '"')) quote = character
    else if (character === quote) quote = ''
    word = `${word ?? ''}${character}`
  }
  if (word !== undefined) words.push(word)
  return words
}
