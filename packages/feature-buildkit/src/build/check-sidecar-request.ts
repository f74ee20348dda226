import { type BuildRequest, findGatewayHost } from '@capstan/buildkit-client/request'
import { defineNeeds, imageTransferCapability } from '@capstan/core'
import { createHostError, requireManagers } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'

/**
 * Checks that BuildKit in a sidecar can run a build: that it can load the image of the output `load` into the runtime, by an
 * archive, and that the host names have no address that only an engine knows.
 *
 * @throws HostError CAPABILITY_MISSING on a runtime without image transfer, and OPTION_UNSUPPORTED for several platforms and for
 * `host-gateway`
 */
export function checkSidecarRequest(
  managers: Pick<BuildKitManagers, 'images' | 'report'>,
  request: BuildRequest,
): void {
  const { output, platforms = [] } = request
  const { runtime } = managers.report
  const gateway = findGatewayHost(request)
  if (gateway !== undefined) throw createHostError('OPTION_UNSUPPORTED', { runtime, ...gateway })
  if (output.type !== 'load') return
  requireManagers('output "load"', loadNeeds, managers)
  if (platforms.length < 2) return
  const reason = 'BuildKit in a sidecar loads an image for one platform'
  const facts = { runtime, field: 'platforms', given: platforms.join(','), reason }
  throw createHostError('OPTION_UNSUPPORTED', facts)
}

const loadNeeds = defineNeeds({ required: { images: imageTransferCapability } })
