import { createHash } from 'node:crypto'
import type { StringMap } from '../contract/operation.js'
import { ownershipLabelKeys } from '../contract/owner-labels.js'

/** A thing that a runtime makes, as its labels tell it. An image is known by the tags that it was built under. */
export type OwnedObject =
  | { readonly kind: 'container' | 'network' | 'volume' }
  | { readonly kind: 'image'; readonly tag: string; readonly tags?: readonly string[] | undefined }

/**
 * All labels of a new thing: whose it is, what it was made as, and the caller's own.
 *
 * Engines let a container inherit the labels of its image, and an image those of its base. So each thing says what it
 * was made as: a stranger's container of an image that Capstan built is no container of Capstan's, and no sweep takes it.
 */
export function toObjectLabels(object: OwnedObject, ownerLabels: StringMap, labels: StringMap = {}): StringMap {
  return {
    ...ownerLabels,
    [ownershipLabelKeys.lifetime]: 'owner',
    [ownershipLabelKeys.object]: toMark(object),
    ...labels,
  }
}

/** False for what has inherited its labels. True for what tells of no kind: a plugin may put the owner's labels alone. */
export function matchesObjectLabel(
  kind: OwnedObject['kind'],
  labels: StringMap,
  tags: readonly string[] = [],
): boolean {
  const mark = labels[ownershipLabelKeys.object]
  if (mark === undefined) return true
  if (kind !== 'image') return mark === kind
  const [kindMark, ...tagMarks] = mark.split('.')
  return kindMark === kind && (tags.length === 0 || tags.some((tag) => tagMarks.includes(toTagMark(tag))))
}

function toMark(object: OwnedObject): string {
  if (object.kind !== 'image') return object.kind
  return ['image', ...new Set([object.tag, ...(object.tags ?? [])].map(toTagMark))].join('.')
}

function toTagMark(tag: string): string {
  return createHash('sha256').update(withTag(tag)).digest('hex').slice(0, 32)
}

/** `app` and `app:latest` are one tag. */
function withTag(reference: string): string {
  return reference.includes(':', reference.lastIndexOf('/') + 1) ? reference : `${reference}:latest`
}
