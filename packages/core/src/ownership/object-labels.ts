import { createHash, randomUUID } from 'node:crypto'
import type { ContainerConfig, Mount } from '../contract/container/container-config.js'
import type { ContainerState, ListContainersOptions } from '../contract/container/container-info.js'
import type { StringMap } from '../contract/operation.js'
import { ownershipLabelKeys } from '../contract/owner-labels.js'
import type { SweepItem } from '../contract/sweep-report.js'

/** An object to be created, as its label `capstan.object` describes it: by its kind, an image also by its tags, if it has any. */
export type NewObject =
  | { readonly kind: Exclude<SweepItem['kind'], 'image'> }
  | {
      readonly kind: 'image'
      readonly tag?: string | undefined
      readonly tags?: readonly string[] | undefined
    }

/**
 * Returns all labels of a new object: those of the owner, `capstan.object`, `capstan.lifetime` and the caller's.
 *
 * On engines a container inherits the labels of its image, and an image those of its base image. `capstan.object` tells a
 * created object from one that only inherited the labels, such as a container of another user with an image of this host.
 */
export function toObjectLabels(object: NewObject, ownerLabels: StringMap, labels: StringMap = {}): StringMap {
  return {
    ...ownerLabels,
    [ownershipLabelKeys.lifetime]: 'owner',
    [ownershipLabelKeys.object]: toObjectLabel(object),
    ...labels,
  }
}

/**
 * Returns all labels of a volume that is created for a mount: those of `toObjectLabels`, with the lifetime of the container
 * as the default, and those of the mount.
 */
export function toVolumeLabels(
  { labels }: Extract<Mount, { type: 'volume' }>,
  { labels: { [ownershipLabelKeys.lifetime]: lifetime } = {} }: Pick<ContainerConfig, 'labels'>,
  ownerLabels: StringMap,
): StringMap {
  const inherited = lifetime === undefined ? {} : { [ownershipLabelKeys.lifetime]: lifetime }
  return toObjectLabels({ kind: 'volume' }, ownerLabels, { ...inherited, ...labels })
}

/**
 * Creates the label `capstan.request` with a new id. If the connection breaks before the engine answers a create
 * request, the caller can find the new object by this label, also if another object has the same name.
 */
export function createRequestIdLabel(): StringMap {
  return { 'capstan.request': randomUUID() }
}

/** Whether `labels` contain all `wanted` labels with the same values. */
export function hasLabels(labels: StringMap | null | undefined, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels?.[key] === value)
}

/** Whether an object of the engine is in a list with these options. For a container, with its state. */
export function isListed(
  { labels, state }: { readonly labels: StringMap | null | undefined; readonly state?: ContainerState },
  { labels: wanted, labelKeys = [], states }: ListContainersOptions,
): boolean {
  const hasState = states === undefined || state === undefined || states.includes(state)
  return hasState && hasLabels(labels, wanted) && labelKeys.every((key) => labels != null && Object.hasOwn(labels, key))
}

/** Whether an object with `labels` was created by the owner of `ownerLabels`: the fact `sameOwner` of NAME_CONFLICT. */
export function isSameOwner(labels: StringMap | null | undefined, ownerLabels: StringMap): boolean {
  const instance = ownerLabels[ownershipLabelKeys.instance]
  return instance !== undefined && labels?.[ownershipLabelKeys.instance] === instance
}

/**
 * Whether an object has not inherited its labels. Also true without `capstan.object`, which some plugins do not set, and for an
 * image without tags, which cannot be compared.
 */
export function matchesObjectLabel(kind: NewObject['kind'], labels: StringMap, tags: readonly string[] = []): boolean {
  const label = labels[ownershipLabelKeys.object]
  if (label === undefined) return true
  if (kind !== 'image') return label === kind
  const [labelledKind, ...tagHashes] = label.split('.')
  return labelledKind === kind && (tags.length === 0 || tags.some((tag) => tagHashes.includes(toTagHash(tag))))
}

function toObjectLabel(object: NewObject): string {
  if (object.kind !== 'image') return object.kind
  const tags = [...(object.tag === undefined ? [] : [object.tag]), ...(object.tags ?? [])]
  return ['image', ...new Set(tags.map(toTagHash))].join('.')
}

/** Returns a hash of a tag, to which `latest` is added if it has none. */
function toTagHash(tag: string): string {
  const full = tag.includes(':', tag.lastIndexOf('/') + 1) ? tag : `${tag}:latest`
  return createHash('sha256').update(full).digest('hex').slice(0, 32)
}
