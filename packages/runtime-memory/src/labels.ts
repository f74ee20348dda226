import type { StringMap } from '@capstan/core'

/** Whether what carries `labels` carries all that are wanted. */
export function hasLabels(labels: StringMap, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}
