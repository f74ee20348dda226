import { posix } from 'node:path'
import { type ArchiveEntry, type ArchiveOwner, packEntries } from '@capstan/build-context'
import type { FileTransfer, OperationOptions, PathStat } from '@capstan/core'
import { checkCopyOptions } from './check-copy-options.js'
import type { CopyOptions, CopyResult } from './copy-options.js'
import { findCopyTarget, type GivenTarget } from './copy-target.js'
import { endsLikeDirectory, findLocalSource, listTree } from './local-files.js'

/** Options of `copyIn`. */
export interface CopyInOptions extends CopyOptions {
  /** The owner of the copied files: `source` for that of each file, by number. Default: root. */
  readonly owner?: ArchiveOwner | 'source'
}

/**
 * Copies a file or directory of this machine into a container, with its modes, times, symbolic and hard links. `to` is an absolute
 * path in the container.
 *
 * Reads the files while they are sent, so the memory does not depend on their size. Sockets are left out. After a failure or an abort,
 * some files may be copied.
 *
 * @throws HostError INVALID_ARGUMENT for paths that cannot be copied to each other. PATH_NOT_FOUND when the directory of the target
 * does not exist. OPERATION_FAILED for a device or a named pipe, a file that cannot be read or changes meanwhile, and a name of the
 * other kind in the container.
 */
export async function copyIn(files: FileTransfer, id: string, options: CopyInOptions): Promise<CopyResult> {
  const { from, followLinks, owner = { uid: 0, gid: 0 }, signal } = options
  const to = checkCopyOptions(options, 'to')
  const source = await findLocalSource(from, { followLinks })
  const given = await findTarget(files, id, { to, mustBeDirectory: endsLikeDirectory(options.to), signal })
  const { directory, name } = findCopyTarget(source, given, posix)
  const result = { entries: 0, bytes: 0 }
  const tree = listTree(source.path, { name, signal, owner: owner === 'source' ? undefined : owner })
  await files.putArchive(id, directory, packEntries(count(tree, result), { signal }), { signal })
  return result
}

async function findTarget(
  files: FileTransfer,
  id: string,
  { to, mustBeDirectory, signal }: OperationOptions & { readonly to: string; readonly mustBeDirectory: boolean },
): Promise<GivenTarget> {
  const found = await files.statPath(id, to, { signal })
  const { linkTarget } = found ?? {}
  if (linkTarget === undefined) return { path: to, existing: toExisting(found), mustBeDirectory }
  const existing = toExisting(await files.statPath(id, linkTarget, { signal }))
  return { path: linkTarget, existing, mustBeDirectory }
}

function toExisting(found: PathStat | undefined): GivenTarget['existing'] {
  if (found === undefined) return undefined
  return found.type === 'directory' ? 'directory' : 'other'
}

async function* count(
  entries: AsyncIterable<ArchiveEntry>,
  result: { entries: number; bytes: number },
): AsyncGenerator<ArchiveEntry, void> {
  for await (const entry of entries) {
    result.entries += 1
    result.bytes += entry.sizeBytes
    yield entry
  }
}
