import { volumeManagerCapability } from '../contract/managers/volume-manager.js'
import type { AbsentCapability, RefusedOption } from '../contract/probe.js'

/**
 * Returns `unsupportedOptions` with `mounts.volume` added if the runtime has no volume manager and the entry is
 * missing. A mount could otherwise create a volume that no sweep finds.
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
