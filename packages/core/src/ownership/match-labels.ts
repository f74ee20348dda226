import type { StringMap } from '../contract/operation.js'
import { ownershipLabelKeys } from '../contract/owner-labels.js'

/** Whether `labels` contain all `wanted` labels with the same values. */
export function hasLabels(labels: StringMap | null | undefined, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels?.[key] === value)
}

/** Whether an object with `labels` was created by the owner of `ownerLabels`: the fact `sameOwner` of NAME_CONFLICT. */
export function isSameOwner(labels: StringMap | null | undefined, ownerLabels: StringMap): boolean {
  const instance = ownerLabels[ownershipLabelKeys.instance]
  return instance !== undefined && labels?.[ownershipLabelKeys.instance] === instance
}
