import { volumeManagerCapability } from '../contract/managers/volume-manager.js'
import type { AbsentCapability, RefusedOption } from '../contract/probe.js'

/**
 * The refusals of a runtime that lacks these capabilities: `mounts.volume` is added when the volume manager is absent. A
 * mount could create a volume there, and no sweep would find it. Itself where the list has the field already.
 */
export function refuseUnlistedVolumes(
  unsupportedOptions: readonly RefusedOption[],
  absent: readonly AbsentCapability[],
): readonly RefusedOption[] {
  const lacking = absent.find(({ id }) => id === volumeManagerCapability.id)
  if (lacking === undefined || unsupportedOptions.some(({ field }) => field === 'mounts.volume'))
    return unsupportedOptions
  return [...unsupportedOptions, { field: 'mounts.volume', reason: lacking.reason, remedy: lacking.remedy }]
}
