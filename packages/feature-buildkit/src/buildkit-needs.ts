import {
  type BuildService,
  buildServiceCapability,
  defineNeeds,
  type ExecManager,
  execManagerCapability,
  type ImageBuilder,
  type ImageTransfer,
  imageBuilderCapability,
  imageTransferCapability,
  type NetworkManager,
  networkManagerCapability,
  type SidecarManager,
  sidecarManagerCapability,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import type { InjectedManagers, Needs, RequiredManagers } from '@capstan/core/plugin'

const optionalOfSidecar = {
  images: imageTransferCapability,
  volumes: volumeManagerCapability,
  builder: imageBuilderCapability,
}
const requiredOfSidecar = {
  networks: networkManagerCapability,
  sidecars: sidecarManagerCapability,
  execs: execManagerCapability,
}

/** The capabilities that a sidecar with BuildKit uses. */
export const sidecarNeeds: Needs<
  { networks: NetworkManager; sidecars: SidecarManager; execs: ExecManager },
  { images: ImageTransfer; volumes: VolumeManager; builder: ImageBuilder }
> = defineNeeds({ required: requiredOfSidecar, optional: optionalOfSidecar })

/** The managers that the feature uses. */
interface OptionalManagers {
  readonly service: BuildService
  readonly networks: NetworkManager
  readonly sidecars: SidecarManager
  readonly execs: ExecManager
  readonly images: ImageTransfer
  readonly volumes: VolumeManager
  readonly builder: ImageBuilder
}

/** The capabilities that the feature uses. It needs the engine's own BuildKit, or those that a sidecar requires. */
export const buildKitNeeds: Needs<Record<never, never>, OptionalManagers> = defineNeeds<
  Record<never, never>,
  OptionalManagers
>({
  optional: { service: buildServiceCapability, ...requiredOfSidecar, ...optionalOfSidecar },
})

/** The managers of {@link sidecarNeeds}. `volumes` is also `undefined` on a runtime whose containers cannot mount volumes. */
export type BuildKitManagers = RequiredManagers<typeof sidecarNeeds>

/** The managers of {@link buildKitNeeds}, each of which may be `undefined`. */
export type InjectedBuildKitManagers = InjectedManagers<typeof buildKitNeeds>
