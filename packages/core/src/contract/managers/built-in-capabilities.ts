import type { Capability } from '../capability.js'
import { runtimeCapability } from '../runtime.js'
import { execManagerCapability } from './exec-manager.js'
import { firewallManagerCapability } from './firewall-manager.js'
import { imageBuilderCapability } from './image-builder.js'
import { imageTransferCapability } from './image-transfer.js'
import { networkManagerCapability } from './network-manager.js'
import { sidecarManagerCapability } from './sidecar-manager.js'
import { volumeManagerCapability } from './volume-manager.js'

/** The capabilities that core defines and a runtime can provide, in the order in which lists show them. */
export const builtInCapabilities: readonly Capability<object>[] = [
  runtimeCapability,
  imageBuilderCapability,
  firewallManagerCapability,
  networkManagerCapability,
  sidecarManagerCapability,
  execManagerCapability,
  imageTransferCapability,
  volumeManagerCapability,
]

/** An option of a built-in capability. */
export type BuiltInOption =
  | FieldOf<typeof runtimeCapability>
  | FieldOf<typeof imageBuilderCapability>
  | FieldOf<typeof firewallManagerCapability>
  | FieldOf<typeof networkManagerCapability>
  | FieldOf<typeof sidecarManagerCapability>
  | FieldOf<typeof execManagerCapability>
  | FieldOf<typeof imageTransferCapability>
  | FieldOf<typeof volumeManagerCapability>

type FieldOf<C extends Capability<object>> = keyof C['options'] & string
