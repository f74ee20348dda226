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
  return mapProvided(plugin, (token, sound, scope) => {
    const runtime = () => scope.container.resolve<Runtime>(runtimeCapability.token)
    const breaks: readonly [Capability<object>, BreakAny | undefined][] = [
      [runtimeCapability, parts.runtime],
      [imageBuilderCapability, parts.builder],
      [
        firewallManagerCapability,
        parts.firewalls && ((found: FirewallManager) => parts.firewalls?.(found, runtime()) ?? {}),
      ],
      [networkManagerCapability, parts.networks],
      [volumeManagerCapability, parts.volumes],
      [
        sidecarManagerCapability,
        parts.sidecars && ((found: SidecarManager) => parts.sidecars?.(found, runtime()) ?? {}),
      ],
      [execManagerCapability, parts.exec],
      [imageTransferCapability, parts.transfer],
    ]
    const found = breaks.find(([capability]) => capability.token === token)?.[1]
    // An implementation under a token has the interface of its capability.
    return found === undefined ? sound : withParts(sound, found(sound as never))
  })
}
