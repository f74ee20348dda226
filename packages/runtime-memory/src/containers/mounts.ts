import type { ContainerConfig, Mount } from '@capstan/core'
import { createHostError, type StringMap, toVolumeLabels } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import type { MountedFiles } from '../simulation/files/container-files.js'
import type { FileMap } from '../simulation/files/file-map.js'
import { readHostFile } from '../simulation/files/host-files.js'

/** Rejects when the source of a bind mount does not exist. */
export async function checkBindSources({ mounts = [] }: ContainerConfig): Promise<void> {
  for (const mount of mounts) {
    if (mount.type === 'bind' && (await readHostFile(mount.source)) === undefined) {
      throw createMissingSource(mount.source)
    }
  }
}

/** Converts the mounts of a configuration. Creates volumes that do not exist; {@link removeVolumesOf} undoes that. */
export function createMounts(
  engine: MemoryEngine,
  config: ContainerConfig,
  owner: MountOwner,
): readonly MountedFiles[] {
  return (config.mounts ?? []).map((mount) => {
    if (mount.type === 'tmpfs') return createTmpfs(mount)
    const { target, source, readOnly = false } = mount
    if (mount.type === 'bind') return { type: 'bind', target, readOnly, source }
    return { type: 'memory', target, readOnly, files: findOrCreateVolume(engine, { mount, config, owner }) }
  })
}

/** Removes the volumes that were created for a container, except those that another container uses. */
export function removeVolumesOf({ volumes, containers }: MemoryEngine, id: string): void {
  for (const { name, createdFor } of volumes.list()) {
    if (createdFor === id && containers.findUsersOfVolume(name).length === 0) volumes.delete(name)
  }
}

/** The container that is being created. */
export interface MountOwner {
  readonly id: string
  readonly ownerLabels: StringMap
}

interface VolumeUse {
  readonly mount: Extract<Mount, { type: 'volume' }>
  readonly config: ContainerConfig
  readonly owner: MountOwner
}

function findOrCreateVolume(engine: MemoryEngine, { mount, config, owner }: VolumeUse): FileMap {
  const found = engine.volumes.find(mount.source)
  if (found !== undefined) return found.files
  const labels = toVolumeLabels(mount, config, owner.ownerLabels)
  return engine.volumes.add(mount.source, labels, { createdAt: engine.now(), createdFor: owner.id }).files
}

/** Creates a tmpfs with docker's defaults: writable for all users, and its files not executable. */
function createTmpfs(mount: Mount & { type: 'tmpfs' }): MountedFiles {
  const { target, sizeBytes, mode = 0o1777, executable = false } = mount
  const files: FileMap = new Map([['/', { type: 'directory', mode }]])
  return { type: 'memory', target, readOnly: false, files, executable, ...(sizeBytes !== undefined && { sizeBytes }) }
}

function createMissingSource(source: string) {
  const reason = 'the source of the bind mount does not exist'
  const facts = { operation: 'createContainer', subject: source, status: undefined, reason }
  return createHostError('OPERATION_FAILED', facts)
}
