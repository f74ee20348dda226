import { findCapability, networkManagerCapability, type RuntimeScope, volumeManagerCapability } from '@capstan/core'

/** Lists the names of containers, networks and volumes that the feature has created and not removed. */
export async function listLeftovers(scope: RuntimeScope): Promise<readonly string[]> {
  const networks = (await findCapability(scope, networkManagerCapability)?.listNetworks()) ?? []
  const volumes = (await findCapability(scope, volumeManagerCapability)?.listVolumes()) ?? []
  const all = [...(await scope.runtime.listContainers()), ...networks, ...volumes]
  return all.flatMap(({ name }) => (name.includes('buildkit') ? [name] : []))
}
