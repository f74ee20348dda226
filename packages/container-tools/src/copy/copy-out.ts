import { basename, dirname, posix } from 'node:path'
import { unpackArchive } from '@capstan/build-context'
import type { FileTransfer, OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { checkCopyOptions } from './check-copy-options.js'
import type { CopyOptions, CopyResult } from './copy-options.js'
import { type CopySource, createTargetError, findCopyTarget } from './copy-target.js'
import { endsLikeDirectory, findLocalTarget, isContentPath, isLocalDirectory } from './local-files.js'

/** Options of `copyOut`. */
export interface CopyOutOptions extends CopyOptions {
  /**
   * The owner of the copied files: `source` for that of each file in the container, by number, which requires privileges and a runtime
   * that supports the option `files.owners`. Default: the user of this process.
   */
  readonly owner?: 'source'
}

/**
 * Copies a file or directory of a container to this machine, with its modes, times, symbolic and hard links. `from` is an absolute path
 * in the container. The set-user-ID and set-group-ID bits are cleared, unless `owner` is `source`.
 *
 * Writes the files while they arrive, so the memory does not depend on their size. Nothing is written outside of the target,
 * whatever the container contains: names that lead out of it, and names below a link, are rejected. A copied link itself may lead
 * anywhere. After a failure or an abort, some files may be copied.
 *
 * @throws HostError INVALID_ARGUMENT for paths that cannot be copied to each other. PATH_NOT_FOUND. OPERATION_FAILED for a device or a
 * named pipe in the container, and a file that cannot be written.
 */
export async function copyOut(files: FileTransfer, id: string, options: CopyOutOptions): Promise<CopyResult> {
  const { to, owner, signal } = options
  const from = checkCopyOptions(options, 'from')
  const source = await findSource(files, id, {
    ...options,
    from,
    isFollowed: options.followLinks === true,
    given: options.from,
  })
  const given = await findLocalTarget(to)
  const { directory, name } = findCopyTarget(source, given, { dirname, basename })
  if (!(await isLocalDirectory(directory))) throw createTargetError('a path in an existing directory', to)
  const result = { entries: 0, bytes: 0 }
  const archive = await files.getArchive(id, source.path, { signal })
  try {
    await unpackArchive(archive, directory, {
      signal,
      owners: owner === 'source',
      clearsSetIdBits: owner !== 'source',
      toPath: (path) => renameEntry(path, posix.basename(source.path), name),
      onEntry: (sizeBytes) => {
        result.entries += 1
        result.bytes += sizeBytes
      },
    })
  } finally {
    archive.destroy()
  }
  return result
}

interface ContainerSource extends CopySource {
  readonly path: string
}

async function findSource(
  files: FileTransfer,
  id: string,
  {
    from,
    given,
    isFollowed,
    signal,
  }: OperationOptions & { readonly from: string; readonly given: string; readonly isFollowed: boolean },
): Promise<ContainerSource> {
  const mustBeDirectory = endsLikeDirectory(given)
  const found = await files.statPath(id, from, { signal })
  const isLink = found?.linkTarget !== undefined && (isFollowed || mustBeDirectory)
  const path = isLink ? (found.linkTarget ?? from) : from
  const target = isLink ? await files.statPath(id, path, { signal }) : found
  if (target === undefined) throw createHostError('PATH_NOT_FOUND', { id, path, expected: 'path' })
  const isDirectory = target.type === 'directory'
  if (mustBeDirectory && !isDirectory) throw createHostError('PATH_NOT_FOUND', { id, path, expected: 'directory' })
  return { path, name: posix.basename(from), isDirectory, isContent: isContentPath(given) }
}

/** Returns the path in the target for a path in the archive. The archive of `/` has names relative to it. */
function renameEntry(path: string, base: string, name: string | undefined): string | undefined {
  const isBelow = base === '' || path.startsWith(`${base}/`)
  if (path !== base && path !== '.' && !isBelow) throw new Error(`its name does not begin with "${base}"`)
  const rest = path === base || path === '.' ? '' : path.slice(base === '' ? 0 : base.length + 1)
  // The root of a content that is copied into an existing directory would change the mode of that directory.
  if (name === undefined) return rest === '' ? undefined : rest
  return rest === '' ? name : `${name}/${rest}`
}
