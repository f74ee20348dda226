import { findCapability, networkManagerCapability, type OperationOptions, type RuntimeScope } from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'

/** The numbers of resources with the label of one owner. */
export interface OwnedCounts {
  readonly containers: number
  readonly networks: number
  readonly images: number
}

/** Counts resources in the lists of the engine. */
export async function countOwned(
  scope: RuntimeScope,
  labels: StringMap,
  options: OperationOptions,
): Promise<OwnedCounts> {
  const [containers, networks, images] = await Promise.all([
    scope.runtime.listContainers({ ...options, labels }),
    findCapability(scope, networkManagerCapability)?.listNetworks({ ...options, labels }) ?? [],
    scope.runtime.listImages({ ...options, labels }),
  ])
  return { containers: containers.length, networks: networks.length, images: images.length }
}

/** Returns the owner label of a container, which all resources of its owner have. */
export async function readOwnerLabel(scope: RuntimeScope, id: string, options: OperationOptions): Promise<StringMap> {
  const { labels } = await scope.runtime.inspectContainer(id, options)
  const instance = labels[ownershipLabelKeys.instance]
  if (instance === undefined) throw new TypeError(`container ${id} has no owner label`)
  return { [ownershipLabelKeys.instance]: instance }
}

/** Formats the counts: `1 container, 1 network, 1 image`. */
export function toCountText({ containers, networks, images }: OwnedCounts): string {
  return [toAmount(containers, 'container'), toAmount(networks, 'network'), toAmount(images, 'image')].join(', ')
}

function toAmount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
