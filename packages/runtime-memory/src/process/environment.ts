import type { EnvMap, StringMap } from '@capstan/core'

/** The variables, with those of `changes` in their place, and without those that it removes. */
export function withEnvironment(variables: StringMap, changes: EnvMap = {}): StringMap {
  const entries = Object.entries({ ...variables, ...changes })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}
