import { ownershipLabelKeys, type StringMap } from '@capstan/core'
import type { AppleConnection } from '../apple-connection.js'

/** Whether the thing with these labels was made by the owner that this runtime works for. */
export function isOurs({ ownerLabels }: Pick<AppleConnection, 'ownerLabels'>, labels: StringMap): boolean {
  const { instance } = ownershipLabelKeys
  return labels[instance] !== undefined && labels[instance] === ownerLabels[instance]
}

export function hasLabels(labels: StringMap, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}
