import type { EnvMap } from '@capstan/core'
import { invalidOption } from './invalid-option.js'

/**
 * Variables from `NAME=VALUE` and `NAME` texts; the last of one name wins. `NAME` takes its value from `env`; `null` where
 * that has none.
 *
 * @throws HostError INVALID_ARGUMENT naming `option` for a text without a name.
 */
export function parseVariables(
  texts: readonly string[],
  { option, env }: { readonly option: string; readonly env: Readonly<Record<string, string | undefined>> },
): EnvMap {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      const name = at === -1 ? text : text.slice(0, at)
      if (name === '') throw invalidOption(option, 'NAME=VALUE or NAME', text)
      return [name, at === -1 ? findValue(env, name) : text.slice(at + 1)]
    }),
  )
}

/** Ignores inherited properties such as `toString`. */
function findValue(env: Readonly<Record<string, string | undefined>>, name: string): string | null {
  return Object.hasOwn(env, name) ? (env[name] ?? null) : null
}
