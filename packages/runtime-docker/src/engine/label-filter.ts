import type { ListOptions } from '@capstan/core/plugin'

/**
 * Returns the `filters` of a list request for objects that have all of these labels, and labels with all of these keys. The labels are
 * no options object, because a map of labels would have the type of one, and filter nothing.
 */
export function toLabelFilter(
  labels: ListOptions['labels'] = {},
  labelKeys: ListOptions['labelKeys'] = [],
): { readonly label?: readonly string[] } {
  const filter = [...Object.entries(labels).map(([key, value]) => `${key}=${value}`), ...labelKeys]
  return filter.length === 0 ? {} : { label: filter }
}
