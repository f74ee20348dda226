import {
  type Capability,
  type ComposeManager,
  type ContainerControl,
  type ContainerStats,
  composeManagerCapability,
  containerControlCapability,
  containerStatsCapability,
  type EventStream,
  type ExecManager,
  eventStreamCapability,
  execManagerCapability,
  type FileTransfer,
  type FirewallManager,
  fileTransferCapability,
  firewallManagerCapability,
  type ImageBuilder,
  type ImageManager,
  type ImageTransfer,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  type JobManager,
  jobManagerCapability,
  type NetworkManager,
  networkManagerCapability,
  type Runtime,
  type RuntimePlugin,
  runtimeCapability,
  type SidecarManager,
  type SwarmManager,
  sidecarManagerCapability,
  swarmManagerCapability,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import { mapProvided, withParts } from '../../src/plugin/map-provided.js'

/** The members of a correct plugin to replace with members that break the contract. */
export interface BrokenParts {
  readonly runtime?: Replace<Runtime>
  readonly builder?: Replace<ImageBuilder>
  readonly firewalls?: (firewalls: FirewallManager, runtime: Runtime) => Partial<FirewallManager>
  readonly networks?: Replace<NetworkManager>
  readonly volumes?: Replace<VolumeManager>
  readonly sidecars?: (sidecars: SidecarManager, runtime: Runtime) => Partial<SidecarManager>
  readonly exec?: Replace<ExecManager>
  readonly transfer?: Replace<ImageTransfer>
  readonly files?: Replace<FileTransfer>
  readonly stats?: Replace<ContainerStats>
  readonly events?: Replace<EventStream>
  readonly images?: (images: ImageManager, runtime: Runtime) => Partial<ImageManager>
  readonly control?: Replace<ContainerControl>
  readonly compose?: Replace<ComposeManager>
  readonly swarm?: Replace<SwarmManager>
  readonly jobs?: (jobs: JobManager, runtime: Runtime) => Partial<JobManager & AsyncDisposable>
}

type Replace<T> = (correct: T) => Partial<T>
/** A {@link Replace} of any capability. */
type ReplaceAny = (correct: never) => object

/** Wraps the plugin so that these members are replaced in every scope. */
export function breakPlugin(plugin: RuntimePlugin, parts: BrokenParts): RuntimePlugin {
  let runtime: Runtime | undefined // of the scope that is being registered, with its broken parts
  return mapProvided(plugin, ({ token }, correct) => {
    const breaks: readonly [Capability<object>, ReplaceAny | undefined][] = [
      [runtimeCapability, parts.runtime],
      [imageBuilderCapability, parts.builder],
      [firewallManagerCapability, runtime && breakWith(parts.firewalls, runtime)],
      [networkManagerCapability, parts.networks],
      [volumeManagerCapability, parts.volumes],
      [sidecarManagerCapability, runtime && breakWith(parts.sidecars, runtime)],
      [execManagerCapability, parts.exec],
      [imageTransferCapability, parts.transfer],
      [fileTransferCapability, parts.files],
      [containerStatsCapability, parts.stats],
      [eventStreamCapability, parts.events],
      [imageManagerCapability, runtime && breakWith(parts.images, runtime)],
      [containerControlCapability, parts.control],
      [composeManagerCapability, parts.compose],
      [swarmManagerCapability, parts.swarm],
      [jobManagerCapability, runtime && breakWith(parts.jobs, runtime)],
    ]
    const found = breaks.find(([capability]) => capability.token === token)?.[1]
    // An implementation has the interface of its capability.
    const broken = found === undefined ? correct : withParts(correct, found(correct as never))
    if (token === runtimeCapability.token) runtime = broken as Runtime
    return broken
  })
}

function breakWith<T>(
  part: ((correct: T, runtime: Runtime) => object) | undefined,
  runtime: Runtime,
): ReplaceAny | undefined {
  return part && ((correct) => part(correct, runtime))
}
