import { type ContainerConfig, toVolumeLabels, type VolumeInfo } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { NamedObjects } from '../named-objects.js'
import { parseVolumes } from '../output/volumes.js'

/** Volumes as objects of the command. */
export function createVolumeObjects(connection: AppleConnection): NamedObjects<VolumeInfo> {
  return new NamedObjects(connection, { noun: 'volume', parse: parseVolumes, usedBy: ({ volumes }) => volumes })
}

/**
 * Creates the absent volumes that the container mounts: `create` would create them without labels. Undone with the call.
 */
export async function createMountedVolumes(
  connection: AppleConnection,
  config: ContainerConfig,
  call: AppleCall,
): Promise<void> {
  const volumes = createVolumeObjects(connection)
  for (const mount of config.mounts ?? []) {
    if (mount.type !== 'volume') continue
    await volumes.provide(mount.source, toVolumeLabels(mount, config, connection.ownerLabels), call)
  }
}
