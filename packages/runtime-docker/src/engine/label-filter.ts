import type { StringMap } from '@capstan/core/plugin'

/** What the engine's lists take as `filters` for things that carry all of these labels. */
export function toLabelFilter(labels: StringMap = {}): { readonly label?: readonly string[] } {
  const filter = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return filter.length === 0 ? {} : { label: filter }
}
