import type { ContainerConfig, Mount } from '../contract/container/container-config.js'
import type { StringMap } from '../contract/operation.js'
import { ownershipLabelKeys } from '../contract/owner-labels.js'
import { toObjectLabels } from './object-labels.js'

/**
 * All labels for an absent volume that a container mounts: the owner's, the lifetime of the container, and those of the
 * mount.
 */
export function toVolumeLabels(
  { labels }: Extract<Mount, { type: 'volume' }>,
  { labels: { [ownershipLabelKeys.lifetime]: lifetime } = {} }: Pick<ContainerConfig, 'labels'>,
  ownerLabels: StringMap,
): StringMap {
  const inherited = lifetime === undefined ? {} : { [ownershipLabelKeys.lifetime]: lifetime }
  return toObjectLabels({ kind: 'volume' }, ownerLabels, { ...inherited, ...labels })
}
