import { createHash } from 'node:crypto'
import type { StringMap } from '../contract/operation.js'
import { ownershipLabelKeys } from '../contract/owner-labels.js'

/**
 * An object that is to be created, as its label `capstan.object` describes it: by its kind, an image also by its tags.
 */
export type OwnedObject =
  | { readonly kind: 'container' | 'network' | 'volume' }
  | { readonly kind: 'image'; readonly tag: string; readonly tags?: readonly string[] | undefined }

/**
 * Returns all labels of a new object: those of the owner, `capstan.object`, `capstan.lifetime` and the caller's.
 *
 * On engines a container inherits the labels of its image, and an image those of its base image. `capstan.object` tells a
 * created object from one that only inherited the labels, such as a container of another user with an image of this host.
 */
export function toObjectLabels(object: OwnedObject, ownerLabels: StringMap, labels: StringMap = {}): StringMap {
  return {
    ...ownerLabels,
    [ownershipLabelKeys.lifetime]: 'owner',
    [ownershipLabelKeys.object]: toObjectLabel(object),
    ...labels,
  }
}

/**
 * Returns false for an object that inherited its labels. Returns true without `capstan.object`, which some plugins do
 * not set.
 */
export function matchesObjectLabel(
  kind: OwnedObject['kind'],
  labels: StringMap,
  tags: readonly string[] = [],
): boolean {
  const label = labels[ownershipLabelKeys.object]
  if (label === undefined) return true
  if (kind !== 'image') return label === kind
  const [labelledKind, ...tagHashes] = label.split('.')
  return labelledKind === kind && (tags.length === 0 || tags.some((tag) => tagHashes.includes(toTagHash(tag))))
}

function toObjectLabel(object: OwnedObject): string {
  if (object.kind !== 'image') return object.kind
  return ['image', ...new Set([object.tag, ...(object.tags ?? [])].map(toTagHash))].join('.')
}

function toTagHash(tag: string): string {
  return createHash('sha256').update(withTag(tag)).digest('hex').slice(0, 32)
}

/** Adds the tag `latest` to a reference without a tag. */
function withTag(reference: string): string {
  return reference.includes(':', reference.lastIndexOf('/') + 1) ? reference : `${reference}:latest`
}
