import { defineNeeds, imageTransferCapability, requireManagers } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildOutput } from './build-request.js'

/** @throws MissingCapabilityError where the output is to be loaded and the runtime takes no archives */
export function requireTransfer(managers: Pick<BuildKitManagers, 'images' | 'report'>, { type }: BuildOutput): void {
  if (type === 'load') requireManagers('output "load"', loadNeeds, managers)
}

const loadNeeds = defineNeeds({ required: { images: imageTransferCapability } })
