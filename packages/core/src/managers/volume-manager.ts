import { type Capability, defineCapability } from '../capability.js'
import type { ListOptions, OperationOptions, StringMap } from '../operation.js'

/** Named volumes. */
export interface VolumeManager {
  /** Resolves with the name. Name taken: NAME_CONFLICT (also where the engine would say nothing). */
  createVolume(name: string, options?: CreateVolumeOptions): Promise<string>
  /** Gone: resolves. In use: IN_USE. */
  removeVolume(name: string, options?: OperationOptions): Promise<void>
  listVolumes(options?: ListOptions): Promise<readonly VolumeInfo[]>
}

export const volumeManagerCapability: Capability<VolumeManager> = defineCapability({
  id: 'volume-manager',
  title: 'volumes',
})

export interface VolumeInfo {
  readonly name: string
  readonly labels: StringMap
  readonly createdAt: Date | undefined
}

export interface CreateVolumeOptions extends OperationOptions {
  readonly labels?: StringMap
}
