import type { EnvMap, StringMap } from '@capstan/core/plugin'

/** The variables with `changes` applied: a text replaces a variable or adds it, `null` removes it. */
export function withEnvironment(variables: StringMap, changes: EnvMap = {}): StringMap {
  const entries = Object.entries({ ...variables, ...changes })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}
