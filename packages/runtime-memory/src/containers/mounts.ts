import type { ContainerConfig, Mount } from '@capstan/core'
import { createHostError, toVolumeLabels } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import type { MountedFiles } from '../simulation/files/container-files.js'
import type { FileMap } from '../simulation/files/file-map.js'
import { readHostFile } from '../simulation/files/host-files.js'

/** Rejects when the source of a bind mount does not exist. */
export async function checkBindSources({ mounts = [] }: ContainerConfig): Promise<void> {
  for (const mount of mounts) {
    if (mount.type !== 'bind' || (await readHostFile(mount.source, { followLinks: true })) !== undefined) continue
    const reason = 'the source of the bind mount does not exist'
    const facts = { operation: 'createContainer', subject: mount.source, status: undefined, reason }
    throw createHostError('OPERATION_FAILED', facts)
  }
}

/**
 * Converts the mounts of a configuration. Creates the missing volumes and records `id` in their `createdFor`;
 * {@link removeVolumesOf} undoes that.
 */
export function createMounts(
  { engine, ownerLabels }: MemoryRuntimeContext,
  config: ContainerConfig,
  id: string,
): readonly MountedFiles[] {
  return (config.mounts ?? []).map((mount) => {
    if (mount.type === 'tmpfs') return createTmpfs(mount)
    const { target, source, readOnly = false } = mount
    if (mount.type === 'bind') return { type: 'bind', target, readOnly, source }
    const volume =
      engine.volumes.find(source) ??
      engine.volumes.add({
        name: source,
        labels: toVolumeLabels(mount, config, ownerLabels),
        createdAt: engine.now(),
        createdFor: id,
        files: new Map(),
      })
    return { type: 'memory', target, readOnly, files: volume.files }
  })
}

/** Removes the volumes that were created for a container, except those that another container uses. */
export function removeVolumesOf({ volumes, containers }: MemoryEngine, id: string): void {
  for (const { name, createdFor } of volumes.list()) {
    if (createdFor === id && containers.findUsersOfVolume(name).length === 0) volumes.delete(name)
  }
}

/** Creates a tmpfs with docker's defaults: writable for all users, and its files not executable. */
function createTmpfs(mount: Mount & { type: 'tmpfs' }): MountedFiles {
  const { target, sizeBytes, mode = 0o1777, executable = false } = mount
  const files: FileMap = new Map([['/', { type: 'directory', mode }]])
  return {
    type: 'memory',
    target,
    readOnly: false,
    isTmpfs: true,
    files,
    executable,
    ...(sizeBytes !== undefined && { sizeBytes }),
  }
}
