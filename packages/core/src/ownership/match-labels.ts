import type { StringMap } from '../contract/operation.js'
import { ownershipLabelKeys } from '../contract/owner-labels.js'

/** Whether a thing that carries `labels` carries all that are wanted, with these values. Without labels: none. */
export function hasLabels(labels: StringMap | null | undefined, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels?.[key] === value)
}

/** Whether a thing that carries `labels` was made by the very owner of `ownerLabels`: for `ours` of NAME_CONFLICT. */
export function isOurs(labels: StringMap | null | undefined, ownerLabels: StringMap): boolean {
  const instance = ownerLabels[ownershipLabelKeys.instance]
  return instance !== undefined && labels?.[ownershipLabelKeys.instance] === instance
}
