import { type NewObject, ownershipLabelKeys, type StringMap, toObjectLabels } from '@capstan/core/plugin'
import { composeLabelKeys } from '../state/compose-labels.js'
import type { ProjectObjects } from '../state/project-objects.js'
import type { ProjectModel } from './project-model.js'

/**
 * Returns a Compose file that only adds labels: those of the owner, and those of the caller.
 *
 * Objects of a project that exists keep the labels of their owner, or none, since Compose replaces a container whose labels change. New
 * containers have the owner of the existing ones. So a project that another program has created is not labelled. A new persistent
 * project without labels of the caller has no owner, because no sweep removes it: `docker compose up` then keeps its containers.
 * `undefined` if there are no labels to add.
 */
export function toLabelOverride(model: ProjectModel, existing: ProjectObjects, own: OwnLabels): string | undefined {
  const [container] = existing.containers
  const owner = container === undefined ? findNewOwner(own) : findOwnerLabels(container.labels)
  const toLabels = (kind: 'container' | 'network' | 'volume', given: StringMap | undefined) =>
    escapeValues(toLabelsOf({ kind }, given, own.labels))
  const toBuildLabels = (tag: string) => escapeValues(toLabelsOf({ kind: 'image', tag }, owner, own.labels))
  const toResources = (kind: 'network' | 'volume', found: readonly { readonly labels: StringMap }[]) => {
    const resources = model[`${kind}s`].filter(({ external }) => !external)
    return toMap(resources, ({ key }) => {
      const same = found.find(({ labels }) => labels[composeLabelKeys[kind]] === key)
      return [key, { labels: toLabels(kind, same === undefined ? owner : findOwnerLabels(same.labels)) }]
    })
  }
  const networks = toResources('network', existing.networks)
  const volumes = toResources('volume', existing.volumes)
  const labels = toLabels('container', owner)
  if ([{ labels }, ...Object.values(networks), ...Object.values(volumes)].every(hasNoLabels)) return undefined
  const services = toMap(model.services, ({ name, builtImage }) => {
    const build = builtImage === undefined ? {} : { build: { labels: toBuildLabels(builtImage) } }
    return [name, { labels, ...build }]
  })
  return JSON.stringify({ services, networks, volumes })
}

/** The labels of the open runtime, and those of the caller. */
export interface OwnLabels {
  readonly ownerLabels: StringMap
  readonly labels: StringMap
}

/** Returns the owner of a new project; `undefined` if it is persistent, and the caller gives no other labels. */
function findNewOwner({ ownerLabels, labels }: OwnLabels): StringMap | undefined {
  const { [ownershipLabelKeys.lifetime]: lifetime, ...others } = labels
  return lifetime === 'persistent' && Object.keys(others).length === 0 ? undefined : ownerLabels
}

/** Returns the ownership labels of an existing object except its kind; `undefined` if it has none. */
function findOwnerLabels(labels: StringMap): StringMap | undefined {
  if (labels[ownershipLabelKeys.instance] === undefined) return undefined
  const keys = Object.values(ownershipLabelKeys).filter((key) => key !== ownershipLabelKeys.object)
  return toMap(
    keys.filter((key) => labels[key] !== undefined),
    (key) => [key, labels[key] ?? ''],
  )
}

/** The lifetime is that of the owner labels, if they are those of an existing object, else that of the caller. */
function toLabelsOf(
  object: NewObject,
  owner: StringMap | undefined,
  { [ownershipLabelKeys.lifetime]: lifetime, ...labels }: StringMap,
): StringMap {
  if (owner === undefined) return labels
  const chosen = owner[ownershipLabelKeys.lifetime] ?? lifetime
  return toObjectLabels(object, owner, {
    ...labels,
    ...(chosen === undefined ? {} : { [ownershipLabelKeys.lifetime]: chosen }),
  })
}

function hasNoLabels({ labels }: { readonly labels: StringMap }): boolean {
  return Object.keys(labels).length === 0
}

/** Compose interpolates values. */
function escapeValues(labels: StringMap): StringMap {
  return toMap(Object.entries(labels), ([key, value]) => [key, value.replaceAll('$', '$$$$')])
}

function toMap<T, V>(list: readonly T[], toEntry: (element: T) => readonly [string, V]): Readonly<Record<string, V>> {
  return Object.fromEntries(list.map(toEntry))
}
