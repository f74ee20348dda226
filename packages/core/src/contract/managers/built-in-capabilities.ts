import type { Capability } from '../capability.js'
import { runtimeCapability } from '../runtime.js'
import { buildServiceCapability } from './build-service.js'
import { composeManagerCapability } from './compose-manager.js'
import { containerControlCapability } from './container-control.js'
import { containerStatsCapability } from './container-stats.js'
import { eventStreamCapability } from './event-stream.js'
import { execManagerCapability } from './exec-manager.js'
import { fileTransferCapability } from './file-transfer.js'
import { firewallManagerCapability } from './firewall-manager.js'
import { imageBuilderCapability } from './image-builder.js'
import { imageManagerCapability } from './image-manager.js'
import { imageTransferCapability } from './image-transfer.js'
import { jobManagerCapability } from './job-manager.js'
import { networkManagerCapability } from './network-manager.js'
import { sidecarManagerCapability } from './sidecar-manager.js'
import { swarmManagerCapability } from './swarm-manager.js'
import { volumeManagerCapability } from './volume-manager.js'

/** The capabilities that core defines and a runtime can provide, in the order in which lists show them. */
export const builtInCapabilities: readonly Capability<object>[] = [
  runtimeCapability,
  imageBuilderCapability,
  buildServiceCapability,
  firewallManagerCapability,
  networkManagerCapability,
  sidecarManagerCapability,
  execManagerCapability,
  fileTransferCapability,
  containerControlCapability,
  imageTransferCapability,
  imageManagerCapability,
  volumeManagerCapability,
  containerStatsCapability,
  eventStreamCapability,
  composeManagerCapability,
  jobManagerCapability,
  swarmManagerCapability,
]

/** An option of a built-in capability. */
export type BuiltInOption =
  | OptionOf<typeof runtimeCapability>
  | OptionOf<typeof imageBuilderCapability>
  | OptionOf<typeof buildServiceCapability>
  | OptionOf<typeof firewallManagerCapability>
  | OptionOf<typeof networkManagerCapability>
  | OptionOf<typeof sidecarManagerCapability>
  | OptionOf<typeof execManagerCapability>
  | OptionOf<typeof fileTransferCapability>
  | OptionOf<typeof containerControlCapability>
  | OptionOf<typeof imageTransferCapability>
  | OptionOf<typeof imageManagerCapability>
  | OptionOf<typeof volumeManagerCapability>
  | OptionOf<typeof containerStatsCapability>
  | OptionOf<typeof eventStreamCapability>
  | OptionOf<typeof composeManagerCapability>
  | OptionOf<typeof jobManagerCapability>
  | OptionOf<typeof swarmManagerCapability>

type OptionOf<C extends Capability<object>> = keyof C['options'] & string
