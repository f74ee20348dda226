import { findCapability, networkManagerCapability, type RuntimeScope, volumeManagerCapability } from '@capstan/core'

/** The names of what BuildKit's feature made and left. */
export async function listLeft(scope: RuntimeScope): Promise<readonly string[]> {
  const networks = (await findCapability(scope, networkManagerCapability)?.listNetworks()) ?? []
  const volumes = (await findCapability(scope, volumeManagerCapability)?.listVolumes()) ?? []
  const all = [...(await scope.runtime.listContainers()), ...networks, ...volumes]
  return all.flatMap(({ name }) => (name.includes('buildkit') ? [name] : []))
}
