import { type Capability, defineCapability } from '../capability.js'
import type { ListOptions, OperationOptions, StringMap } from '../operation.js'

/** Named volumes. */
export interface VolumeManager {
  /** Resolves with the name. Name taken: NAME_CONFLICT (also where the engine would say nothing). */
  createVolume(name: string, options?: CreateVolumeOptions): Promise<string>
  /** Gone: resolves. In use: IN_USE naming the users. */
  removeVolume(name: string, options?: OperationOptions): Promise<void>
  /** All of the engine, not only those of this host. */
  listVolumes(options?: ListOptions): Promise<readonly VolumeInfo[]>
}

/** Volumes that outlive their containers. */
export const volumeManagerCapability: Capability<VolumeManager> = defineCapability({
  id: 'volume-manager',
  title: 'volumes',
})

/** One volume in a list; its name is its id. `createdAt` only where the engine tells. */
export interface VolumeInfo {
  readonly name: string
  readonly labels: StringMap
  readonly createdAt: Date | undefined
}

/** Options of `createVolume`. */
export interface CreateVolumeOptions extends OperationOptions {
  /** For keys that begin with `capstan.`, see `ContainerConfig`. */
  readonly labels?: StringMap
}
