import {
  type AbsentCapability,
  type Capability,
  execManagerCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'

export interface Claims {
  readonly provides: readonly Capability<object>[]
  readonly absent: readonly AbsentCapability[]
}

export interface Grounds {
  readonly managers: 'none' | 'probe'
  /** Why there are no networks; `undefined`: there are. */
  readonly noNetworks: Omit<AbsentCapability, 'id' | 'title'> | undefined
  readonly hasVolumes: boolean
  /** Whether a container can be given NET_ADMIN, which the firewall's rules take. */
  readonly hasCapabilities: boolean
}

/** What is claimed, and why the rest is not. Peers reach each other on networks alone, so sidecars go with them. */
export function toClaims({ managers, noNetworks, hasVolumes, hasCapabilities }: Grounds): Claims {
  const lacking = managers === 'none' ? notAsked : noNetworks
  const volumes = hasVolumes ? undefined : { reason: 'this release of the command has no volumes', remedy: 'update it' }
  const firewalls = hasCapabilities ? undefined : { reason: noCapabilities, remedy: 'update the command' }
  const claims: readonly (readonly [Capability<object>, typeof lacking])[] = [
    [runtimeCapability, undefined],
    [imageBuilderCapability, undefined],
    [firewallManagerCapability, firewalls],
    [networkManagerCapability, lacking],
    [sidecarManagerCapability, lacking],
    [execManagerCapability, undefined],
    [imageTransferCapability, undefined],
    [volumeManagerCapability, volumes],
  ]
  return {
    provides: claims.flatMap(([capability, why]) => (why === undefined ? [capability] : [])),
    absent: claims.flatMap(([{ id, title }, why]) => (why === undefined ? [] : [{ id, title, ...why }])),
  }
}

const noCapabilities = 'this release of the command has no --cap-add, and rules take NET_ADMIN in the guest'
const notAsked = {
  reason: "applePlugin() registers the runtime without it unless `managers` is 'probe'",
  remedy: "make the plugin by applePlugin({ managers: 'probe' })",
}
