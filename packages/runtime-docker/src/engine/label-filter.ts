import type { ListOptions } from '@capstan/core/plugin'

/** Returns the `filters` of a list request for objects that have all of these labels, and labels with all of these keys. */
export function toLabelFilter({ labels = {}, labelKeys = [] }: ListOptions): { readonly label?: readonly string[] } {
  const filter = [...Object.entries(labels).map(([key, value]) => `${key}=${value}`), ...labelKeys]
  return filter.length === 0 ? {} : { label: filter }
}
