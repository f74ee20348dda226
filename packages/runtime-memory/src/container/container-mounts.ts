import { createHostError, type Mount } from '@capstan/core'
import type { MountedFiles } from '../files/container-files.js'
import type { FileMap } from '../files/file-map.js'
import { findMachineFile } from '../files/machine-files.js'
import type { MemoryCall, MemoryConnection } from '../memory-connection.js'

/** What a container's mounts show. A volume that is not there is made, as an engine does; a bind's source must be there. */
export async function createMounts(
  connection: MemoryConnection,
  mounts: readonly Mount[],
  call: MemoryCall,
): Promise<readonly MountedFiles[]> {
  const mounted: MountedFiles[] = []
  for (const mount of mounts) mounted.push(await createMount(connection, mount, call))
  return mounted
}

async function createMount(connection: MemoryConnection, mount: Mount, call: MemoryCall): Promise<MountedFiles> {
  const { target } = mount
  if (mount.type === 'tmpfs') return createTmpfs(mount)
  const { source, readOnly = false } = mount
  if (mount.type === 'volume')
    return { type: 'memory', target, readOnly, files: findOrCreateVolume(connection, source, call) }
  if ((await findMachineFile(source)) === undefined) throw createMissingSource(source)
  return { type: 'bind', target, readOnly, source }
}

/** As docker has it by default: open to all, nothing in it executable. */
function createTmpfs({
  target,
  sizeBytes,
  mode = 0o1777,
  executable = false,
}: Mount & { type: 'tmpfs' }): MountedFiles {
  const files: FileMap = new Map([['/', { type: 'directory', mode }]])
  return { type: 'memory', target, readOnly: false, files, executable, ...(sizeBytes !== undefined && { sizeBytes }) }
}

/** One that an engine makes by itself is nobody's: no sweep takes it. */
function findOrCreateVolume({ engine }: MemoryConnection, name: string, { undo }: MemoryCall) {
  const found = engine.volumes.find(name)
  if (found !== undefined) return found.files
  undo.add(`volume ${name}`, async () => engine.volumes.delete(name))
  return engine.volumes.add(name, {}, engine.now()).files
}

function createMissingSource(source: string) {
  const reason = 'the source of the bind mount is not there'
  return createHostError('OPERATION_FAILED', {
    operation: 'createContainer',
    subject: source,
    status: undefined,
    reason,
  })
}
