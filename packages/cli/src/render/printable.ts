import { stripVTControlCharacters } from 'node:util'
import { redactUrlPasswords } from '@capstan/core/plugin'

/** Replaces control characters, which could move the cursor, colour the terminal or reverse the text. */
export function toPrintable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** Returns a line of output as a terminal shows it, without colours: the text after the last carriage return. */
export function toShownLine(line: string): string {
  return toPrintable(stripVTControlCharacters(line).replace(/\r+$/, '').replace(/^.*\r/s, ''))
}

/** Like {@link toPrintable}, on one line: a tab, or a line break with its surrounding white space, becomes one space. */
export function toOneLine(text: string): string {
  return toPrintable(text.replace(/\s*[\r\n\u2028\u2029]\s*|\t/g, ' ').trim())
}

/** Returns the message of a thrown value, with passwords in URLs replaced. */
export function toMessage(thrown: unknown): string {
  return redactUrlPasswords(thrown instanceof Error ? thrown.message : String(thrown))
}
