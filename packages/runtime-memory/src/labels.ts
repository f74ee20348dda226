import { ownershipLabelKeys, type StringMap } from '@capstan/core'

/** Whether what carries `labels` carries all that are wanted. */
export function hasLabels(labels: StringMap, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}

/** Whether what carries `labels` was made by the owner of `ownerLabels`. */
export function isOurs(labels: StringMap, ownerLabels: StringMap): boolean {
  const { instance } = ownershipLabelKeys
  return ownerLabels[instance] !== undefined && labels[instance] === ownerLabels[instance]
}
