import type { EnvMap, StringMap } from '@capstan/core/plugin'

/** Applies changes to variables: a text sets a variable, `null` removes it. */
export function applyEnvironmentChanges(variables: StringMap, changes: EnvMap = {}): StringMap {
  const entries = Object.entries({ ...variables, ...changes })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}
