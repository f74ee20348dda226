import type { StringMap } from '@capstan/core/plugin'
import { createOptionError } from './option-error.js'

/**
 * Parses `KEY=VALUE` texts into a map. The last value of a key wins. `findValue` returns the value of a key without `=`;
 * `undefined` omits the key. Default: the empty string.
 *
 * @throws HostError INVALID_ARGUMENT naming `option` for a text without a key.
 */
export function parseKeyValues(
  texts: readonly string[],
  {
    option,
    findValue = () => '',
  }: { readonly option: string; readonly findValue?: (key: string) => string | undefined },
): StringMap {
  const entries = texts.map((text) => {
    const [key, value] = splitPair(text)
    if (key === '') throw createOptionError(option, 'KEY=VALUE', text)
    return [key, value ?? findValue(key)] as const
  })
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined))
}

/** Splits at the first `=`. The value is `undefined` when there is none. */
export function splitPair(text: string): readonly [key: string, value: string | undefined] {
  const at = text.indexOf('=')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** Parses `key=value,key=value`. A key without a value has an empty one. Quotes around a field allow commas in it. */
export function parseFields(text: string): StringMap {
  const pairs = splitFields(text).map(splitPair)
  return Object.fromEntries(pairs.map(([key, value = '']) => [key.trim(), value]))
}

/** Splits at commas. A field in quotes may contain commas, and `""` is one quote in it, as in CSV. */
function splitFields(text: string): readonly string[] {
  const fields = text.match(/(?<=^|,)("(?:[^"]|"")*"|[^,]*)(?=,|$)/g) ?? []
  return fields.map((field) => (/^".*"$/s.test(field) ? field.slice(1, -1).replaceAll('""', '"') : field))
}
