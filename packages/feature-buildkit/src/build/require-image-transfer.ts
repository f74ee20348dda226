import type { BuildOutput } from '@capstan/buildkit-client/request'
import { defineNeeds, imageTransferCapability } from '@capstan/core'
import { requireManagers } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'

/** @throws HostError CAPABILITY_MISSING when the output type is `load` and the runtime has no image transfer */
export function requireImageTransfer(
  managers: Pick<BuildKitManagers, 'images' | 'report'>,
  { type }: BuildOutput,
): void {
  if (type === 'load') requireManagers('output "load"', loadNeeds, managers)
}

const loadNeeds = defineNeeds({ required: { images: imageTransferCapability } })
