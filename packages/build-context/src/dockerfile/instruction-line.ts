import type { EscapeCharacter } from './parser-directives.js'
import { isSpace, trimSpaces } from './white-space.js'

/** The parts of an instruction. */
export interface InstructionLine {
  /** The keyword in upper case. */
  readonly keyword: string
  /** The words that begin with `--` before the arguments, without quotes, for example `--from=base`. */
  readonly flags: readonly string[]
  /** The arguments as they are written. */
  readonly text: string
}

/** Splits an instruction. Continuation lines must be joined before. */
export function splitInstruction(line: string, escapeCharacter: EscapeCharacter): InstructionLine {
  const [, keyword = '', rest = ''] = /^([^\t\v\f\r ]+)(?:[\t\v\f\r ]+([\s\S]*))?$/.exec(trimSpaces(line)) ?? []
  const { flags, end } = readFlags(rest, escapeCharacter)
  return { keyword: keyword.toUpperCase(), flags, text: trimSpaces(rest.slice(end)) }
}

/** Reads the flags at the start of the arguments. A single `--` ends them. */
function readFlags(
  text: string,
  escapeCharacter: EscapeCharacter,
): { readonly flags: readonly string[]; readonly end: number } {
  const flags: string[] = []
  let at = 0
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at += 1
    if (!text.startsWith('--', at)) return { flags, end: at }
    const word = readFlag(text, at, escapeCharacter)
    at = word.end
    if (word.value === '--') return { flags, end: at }
    flags.push(word.value)
  }
}

/** Reads one word without its quotes. The escape character makes the next character literal. */
function readFlag(text: string, start: number, escapeCharacter: EscapeCharacter) {
  let value = ''
  let quote = ''
  let at = start
  for (; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === quote) quote = ''
    else if (quote === '' && isSpace(character)) break
    else if (quote === '' && (character === "'" || character === '"')) quote = character
    else if (character === escapeCharacter) {
      at += 1
      value += text.charAt(at)
    } else value += character
  }
  return { value, end: at }
}
