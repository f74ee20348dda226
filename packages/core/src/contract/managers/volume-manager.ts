import { type Capability, defineCapability } from '../capability.js'
import type { ListOptions, OperationOptions, StringMap } from '../operation.js'

/** Manages named volumes. */
export interface VolumeManager {
  /**
   * Creates a volume and resolves with its name.
   *
   * @throws HostError NAME_CONFLICT when the name is in use, also where the engine itself would return the existing volume
   */
  createVolume(name: string, options?: CreateVolumeOptions): Promise<string>
  /**
   * Removes a volume. Resolves also when it does not exist.
   *
   * @throws HostError IN_USE, with the containers that use it in `facts.users`
   */
  removeVolume(name: string, options?: OperationOptions): Promise<void>
  /** Lists all volumes of the engine, including those that this RuntimeHost did not create. */
  listVolumes(options?: ListOptions): Promise<readonly VolumeInfo[]>
}

/** The capability of managing volumes. */
export const volumeManagerCapability: Capability<VolumeManager> = defineCapability({
  id: 'volume-manager',
  title: 'volumes',
})

/** An entry of `listVolumes`. */
export interface VolumeInfo {
  /** The name, which is also the id. */
  readonly name: string
  readonly labels: StringMap
  /** `undefined` where the engine does not report it. */
  readonly createdAt: Date | undefined
  /** The directory of the volume on the engine's machine; `undefined` where it has none. */
  readonly mountpoint: string | undefined
}

/** Options of `createVolume`. */
export interface CreateVolumeOptions extends OperationOptions {
  /** For keys that begin with `capstan.`, see `ContainerConfig.labels`. */
  readonly labels?: StringMap
}
