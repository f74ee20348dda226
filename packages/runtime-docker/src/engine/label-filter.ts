import type { StringMap } from '@capstan/core/plugin'

/** Returns the `filters` of a list request for objects that have all of these labels. */
export function toLabelFilter(labels: StringMap = {}): { readonly label?: readonly string[] } {
  const filter = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return filter.length === 0 ? {} : { label: filter }
}
