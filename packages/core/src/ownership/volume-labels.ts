import type { ContainerConfig, Mount } from '../contract/container/container-config.js'
import type { StringMap } from '../contract/operation.js'
import { ownershipLabelKeys } from '../contract/owner-labels.js'
import { toObjectLabels } from './object-labels.js'

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
