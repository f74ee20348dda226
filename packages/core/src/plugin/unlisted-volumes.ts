import { volumeManagerCapability } from '../contract/managers/volume-manager.js'
import type { MissingCapability, UnsupportedOption } from '../contract/probe.js'

/**
 * Returns `unsupportedOptions` with `mounts.volume` added if the runtime has no volume manager and the entry is
 * missing. A mount could otherwise create a volume that no sweep finds.
 */
export function withUnlistedVolumes(
  unsupportedOptions: readonly UnsupportedOption[],
  absent: readonly MissingCapability[],
): readonly UnsupportedOption[] {
  const lacking = absent.find(({ id }) => id === volumeManagerCapability.id)
  if (lacking === undefined || unsupportedOptions.some(({ field }) => field === 'mounts.volume'))
    return unsupportedOptions
  return [...unsupportedOptions, { field: 'mounts.volume', reason: lacking.reason, remedy: lacking.remedy }]
}
