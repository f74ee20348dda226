import {
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
import type { Needs, RequiredManagers } from '@capstan/core/plugin'

/** The capabilities that BuildKit uses. */
export const buildKitNeeds: Needs<
  { networks: NetworkManager; sidecars: SidecarManager; execs: ExecManager },
  { images: ImageTransfer; volumes: VolumeManager; builder: ImageBuilder }
> = defineNeeds({
  required: { networks: networkManagerCapability, sidecars: sidecarManagerCapability, execs: execManagerCapability },
  optional: { images: imageTransferCapability, volumes: volumeManagerCapability, builder: imageBuilderCapability },
})

/** The managers of {@link buildKitNeeds}. `volumes` is also `undefined` on a runtime whose containers cannot mount volumes. */
export type BuildKitManagers = RequiredManagers<typeof buildKitNeeds>
