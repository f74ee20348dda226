import type { BuildRequest } from '@capstan/buildkit-client/request'
import { defineNeeds, imageTransferCapability } from '@capstan/core'
import { createHostError, requireManagers } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'

/**
 * Checks that BuildKit in a sidecar can load the image of the output `load` into the runtime, by an archive.
 *
 * @throws HostError CAPABILITY_MISSING on a runtime without image transfer, and OPTION_UNSUPPORTED for several platforms
 */
export function checkLoad(
  managers: Pick<BuildKitManagers, 'images' | 'report'>,
  { output, platforms = [] }: BuildRequest,
): void {
  if (output.type !== 'load') return
  requireManagers('output "load"', loadNeeds, managers)
  if (platforms.length < 2) return
  const reason = 'BuildKit in a sidecar loads an image for one platform'
  const facts = { runtime: managers.report.runtime, field: 'platforms', given: platforms.join(','), reason }
  throw createHostError('OPTION_UNSUPPORTED', facts)
}

const loadNeeds = defineNeeds({ required: { images: imageTransferCapability } })
