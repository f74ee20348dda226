import { randomUUID } from 'node:crypto'
import { ownershipLabelKeys, type StringMap } from '@capstan/core'

/**
 * One label that no other request puts on a thing: by it a thing is found again whose making was not answered, and one
 * is told from another of the same name.
 */
export function createRequestMark(): StringMap {
  return { [requestLabel]: randomUUID() }
}

/** Tells whether the thing was made by the request of that mark. */
export function isMarked(labels: StringMap | null | undefined, mark: StringMap): boolean {
  return Object.entries(mark).every(([key, value]) => labels?.[key] === value)
}

/** Tells whether this very host made the thing. */
export function isOurs(labels: StringMap | null | undefined, ownerLabels: StringMap): boolean {
  const instance = ownerLabels[ownershipLabelKeys.instance]
  return instance !== undefined && labels?.[ownershipLabelKeys.instance] === instance
}

const requestLabel = 'capstan.request'
