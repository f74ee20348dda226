import type { StringMap } from '@capstan/core'
import { invalidOption } from './invalid-option.js'

/**
 * `KEY=VALUE` texts as a map; the last of one key wins. What `KEY` alone means, `bare` says: its value, or `undefined` to leave it out.
 *
 * @throws HostError INVALID_ARGUMENT naming `option` for a text without a key.
 */
export function parseKeyValues(
  texts: readonly string[],
  { option, bare }: { readonly option: string; readonly bare: (key: string) => string | undefined },
): StringMap {
  const entries = texts.map((text) => {
    const [key, value] = split(text)
    if (key === '') throw invalidOption(option, 'KEY=VALUE', text)
    return [key, value ?? bare(key)] as const
  })
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined))
}

function split(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
