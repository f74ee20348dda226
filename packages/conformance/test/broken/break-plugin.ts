import {
  type Capability,
  type ExecManager,
  execManagerCapability,
  type FirewallManager,
  firewallManagerCapability,
  type ImageBuilder,
  type ImageTransfer,
  imageBuilderCapability,
  imageTransferCapability,
  type NetworkManager,
  networkManagerCapability,
  type Runtime,
  type RuntimePlugin,
  runtimeCapability,
  type SidecarManager,
  sidecarManagerCapability,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import { mapProvided, withParts } from '../../src/plugin/map-provided.js'

/** The members of a correct plugin to replace with members that break the contract. */
export interface BrokenParts {
  readonly runtime?: Break<Runtime>
  readonly builder?: Break<ImageBuilder>
  readonly firewalls?: (firewalls: FirewallManager, runtime: Runtime) => Partial<FirewallManager>
  readonly networks?: Break<NetworkManager>
  readonly volumes?: Break<VolumeManager>
  readonly sidecars?: (sidecars: SidecarManager, runtime: Runtime) => Partial<SidecarManager>
  readonly exec?: Break<ExecManager>
  readonly transfer?: Break<ImageTransfer>
}

type Break<T> = (sound: T) => Partial<T>
/** A {@link Break} of any capability. */
type BreakAny = (sound: never) => object

/** Wraps the plugin so that these members are replaced in every scope. */
export function breakPlugin(plugin: RuntimePlugin, parts: BrokenParts): RuntimePlugin {
  let runtime: Runtime | undefined // of the scope that is being registered, with its broken parts
  return mapProvided(plugin, ({ token }, sound) => {
    const breaks: readonly [Capability<object>, BreakAny | undefined][] = [
      [runtimeCapability, parts.runtime],
      [imageBuilderCapability, parts.builder],
      [firewallManagerCapability, runtime && breakWith(parts.firewalls, runtime)],
      [networkManagerCapability, parts.networks],
      [volumeManagerCapability, parts.volumes],
      [sidecarManagerCapability, runtime && breakWith(parts.sidecars, runtime)],
      [execManagerCapability, parts.exec],
      [imageTransferCapability, parts.transfer],
    ]
    const found = breaks.find(([capability]) => capability.token === token)?.[1]
    // An implementation has the interface of its capability.
    const broken = found === undefined ? sound : withParts(sound, found(sound as never))
    if (token === runtimeCapability.token) runtime = broken as Runtime
    return broken
  })
}

function breakWith<T>(
  part: ((sound: T, runtime: Runtime) => Partial<T>) | undefined,
  runtime: Runtime,
): Break<T> | undefined {
  return part && ((sound) => part(sound, runtime))
}
