import type { ContainerConfig, VolumeInfo } from '@capstan/core'
import { type Operation, toVolumeLabels } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { readList } from '../cli/json-reader.js'
import { NamedObjects } from '../named-objects.js'

/** Creates, removes and lists volumes: see `NamedObjects`. */
export function createVolumeObjects(context: AppleRuntimeContext): NamedObjects<VolumeInfo> {
  return new NamedObjects(context, { noun: 'volume', parse: parseVolumes, usedBy: ({ volumes }) => volumes })
}

/**
 * Creates the absent volumes that the container mounts, because `create` would create them without labels. They are removed
 * if the call fails.
 */
export async function createMountedVolumes(
  context: AppleRuntimeContext,
  config: ContainerConfig,
  call: Operation,
): Promise<void> {
  const volumes = createVolumeObjects(context)
  for (const mount of config.mounts ?? []) {
    if (mount.type !== 'volume') continue
    await volumes.ensure(mount.source, toVolumeLabels(mount, config, context.ownerLabels), call)
  }
}

/** Parses the output of `volume list --format json` and `volume inspect`. */
export function parseVolumes(operation: string, output: Uint8Array): readonly VolumeInfo[] {
  return readList(operation, output).map((entry) => {
    const configuration = entry.maybeObject('configuration') ?? entry
    return {
      name: configuration.text('name'),
      labels: configuration.map('labels'),
      createdAt: configuration.date('creationDate') ?? configuration.date('createdAt'),
      mountpoint: undefined, // `source` is the image of a disk
    }
  })
}
