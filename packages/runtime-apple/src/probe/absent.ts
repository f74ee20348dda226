import type { MissingCapability } from '@capstan/core'
import {
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

/** The capabilities that the probe reports. */
export interface Claims {
  readonly provides: readonly Capability<object>[]
  readonly absent: readonly MissingCapability[]
}

/** The facts that decide which capabilities are provided. */
export interface ClaimFacts {
  readonly managers: 'none' | 'probe'
  /** Why there are no networks. `undefined` if there are. */
  readonly noNetworks: Omit<MissingCapability, 'id' | 'title'> | undefined
  readonly hasVolumes: boolean
  /** Whether a container can have NET_ADMIN, which the rules of a firewall need. */
  readonly hasCapabilities: boolean
}

/** Lists the provided capabilities, and the absent ones with their reasons. Sidecars need networks to reach their peers. */
export function toClaims({ managers, noNetworks, hasVolumes, hasCapabilities }: ClaimFacts): Claims {
  const networks = managers === 'none' ? notRequested : noNetworks
  const volumes = hasVolumes ? undefined : { reason: 'this release of the command has no volumes', remedy: 'update it' }
  const firewalls = hasCapabilities ? undefined : { reason: noCapabilities, remedy: 'update the command' }
  const claims: readonly (readonly [Capability<object>, typeof networks])[] = [
    [runtimeCapability, undefined],
    [imageBuilderCapability, undefined],
    [firewallManagerCapability, firewalls],
    [networkManagerCapability, networks],
    [sidecarManagerCapability, networks],
    [execManagerCapability, undefined],
    [imageTransferCapability, undefined],
    [volumeManagerCapability, volumes],
  ]
  return {
    provides: claims.flatMap(([capability, why]) => (why === undefined ? [capability] : [])),
    absent: claims.flatMap(([{ id, title }, why]) => (why === undefined ? [] : [{ id, title, ...why }])),
  }
}

const noCapabilities = 'this release of the command has no --cap-add, and firewall rules need NET_ADMIN in the guest'
const notRequested = {
  reason: "applePlugin() registers the runtime without it unless `managers` is 'probe'",
  remedy: "create the plugin with applePlugin({ managers: 'probe' })",
}
