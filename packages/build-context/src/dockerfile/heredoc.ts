import { DockerfileError } from './dockerfile-error.js'
import { type InstructionLine, splitInstruction } from './instruction-line.js'
import { isSpace } from './white-space.js'

/** A here-document: text in the lines after an instruction. https://docs.docker.com/reference/dockerfile/#here-documents */
export interface Heredoc {
  /** The line that ends the heredoc. */
  readonly name: string
  /** Whether leading tabs are removed, as with `<<-`. */
  readonly stripsTabs: boolean
  /** Whether variables are expanded: no part of the name is quoted. */
  readonly expands: boolean
}

/** Finds the heredocs of an instruction, in order. Only the shell forms of RUN, COPY and ADD have heredocs, also in ONBUILD. */
export function findHeredocs(line: string, instruction: InstructionLine): readonly Heredoc[] {
  if (!line.includes('<<') || !takesHeredocs(instruction)) return []
  return splitShellWords(line).flatMap((word) => {
    const [, dash, name = ''] = /^\d*<<(-?)\s*([^<]*)$/.exec(word) ?? []
    if (dash === undefined || name === '') return []
    const { words, isQuoted } = unquote(name)
    const [only] = words
    return only === undefined || words.length > 1 ? [] : [{ name: only, stripsTabs: dash === '-', expands: !isQuoted }]
  })
}

function takesHeredocs({ keyword, text }: InstructionLine): boolean {
  if (keyword === 'ONBUILD') return takesHeredocs(splitInstruction(text, '\\'))
  return ['RUN', 'COPY', 'ADD'].includes(keyword) && toWordList(text) === undefined
}

/** Returns the words of an exec form, which is a JSON array of strings, or `undefined` for a shell form. */
export function toWordList(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const words: unknown = JSON.parse(text)
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined
  } catch {
    return undefined // a text that is not JSON is a shell form
  }
}

/** Returns the words of the line with quotes and escape characters. White space after `<<` is part of the word. */
function splitShellWords(line: string): readonly string[] {
  const words: string[] = []
  let word = ''
  let at = 0
  const take = (length: number) => {
    word += line.slice(at, at + length)
    at += length
  }
  while (at < line.length) {
    const character = line.charAt(at)
    if (isSpace(character)) {
      if (word !== '') words.push(word)
      word = ''
      at += 1
    } else if (character === '\\') take(2)
    else if (character === "'" || character === '"') {
      const length = findQuoteEnd(line, at, character) - at
      // A line with an unclosed quotation has no heredoc.
      if (length <= 0) return []
      take(length)
    } else if (line.startsWith('<<', at)) take(/^<<[\t\r ]*/.exec(line.slice(at))?.[0].length ?? 2)
    else take(1)
  }
  if (word !== '') words.push(word)
  return words
}

/** Returns the index after the end of the quotation, or 0 if it is not closed. */
function findQuoteEnd(line: string, start: number, quote: string): number {
  for (let at = start + 1; at < line.length; at += 1) {
    if (line.charAt(at) === quote) return at + 1
    if (quote === '"' && line.charAt(at) === '\\') at += 1
  }
  return 0
}

/** Returns the words of a name without quotes and escape characters. */
function unquote(name: string): { readonly words: readonly string[]; readonly isQuoted: boolean } {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < name.length; at += 1) {
    const character = name.charAt(at)
    if (isSpace(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === "'" || character === '"') {
      const end = findQuoteEnd(name, at, character)
      if (end === 0) throw new DockerfileError(`the name of a heredoc has no closing ${character}`)
      word = (word ?? '') + name.slice(at + 1, end - 1)
      at = end - 1
    } else {
      if (character === '\\') at += 1
      word = (word ?? '') + name.charAt(at)
    }
  }
  if (word !== undefined && word !== '') words.push(word)
  return { words, isQuoted: /['"]/.test(name) }
}
