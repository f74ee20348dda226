import { randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import type { ContainerConfig, Mount } from '@capstan/core'
import { createHostError, toVolumeLabels } from '@capstan/core/plugin'
import type { StoredImage } from '../images/state/stored-image.js'
import type { MemoryEngine } from '../memory-engine.js'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import type { MountedFiles } from '../simulation/files/container-files.js'
import type { FileMap, ReadonlyFileMap } from '../simulation/files/file-map.js'
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

/**
 * Creates a volume for each path that the image declares as one, except where `config` mounts something else. It has the files of
 * the image. {@link removeVolumesOf} undoes that.
 */
export function createAnonymousVolumes(
  engine: MemoryEngine,
  { image, config, id }: { readonly image: StoredImage; readonly config: ContainerConfig; readonly id: string },
): { readonly names: readonly string[]; readonly mounts: readonly MountedFiles[] } {
  const targets = image.config.volumes.filter(
    (path) => !config.mounts?.some(({ target }) => posix.resolve(target) === path),
  )
  const created = targets.map((target) => {
    const name = randomBytes(32).toString('hex')
    const files = toVolumeFiles(image.files, target)
    engine.volumes.add({ name, labels: {}, createdAt: engine.now(), createdFor: id, files })
    return { name, mount: { type: 'memory', target, readOnly: false, files } as const }
  })
  return { names: created.map(({ name }) => name), mounts: created.map(({ mount }) => mount) }
}

/** Copies the files in a directory, with their paths from there. */
function toVolumeFiles(files: ReadonlyFileMap, directory: string): FileMap {
  const entries = [...files].filter(([path]) => path === directory || path.startsWith(`${directory}/`))
  return new Map(entries.map(([path, entry]) => [posix.join('/', posix.relative(directory, path)), entry]))
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
