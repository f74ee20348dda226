import type { Readable } from 'node:stream'
import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions } from '../operation.js'

/**
 * Copies files into and out of containers, as tar archives.
 *
 * A container may be created, running, paused or exited; option `files.stopped`. Paths are absolute. Links in the parent
 * directories of a path are followed inside the container. Mounted volumes and directories belong to the files of a
 * container, tmpfs mounts with the option `files.tmpfs` and only while the container runs. Files of `/proc`, `/sys` and
 * `/dev` may be missing.
 */
export interface FileTransfer {
  /**
   * Extracts an archive into a directory, which must exist; a link to a directory is followed. Resolves when all entries are
   * written, with their modes, times, owners by number, symbolic and hard links.
   *
   * Names of entries are relative to `directory`, also those with a leading slash. Existing files are replaced. A directory
   * is not replaced by another kind of file, nor the reverse: OPERATION_FAILED. A name with `..` does not lead out of
   * `directory`: the entry is rejected, or the name is changed. A link of the archive or of the container can lead out of
   * `directory`, but not out of the container.
   *
   * Reads `tar` no faster than the runtime writes the files, and rejects with the error of `tar` if it fails. After a
   * failure or an abort, earlier entries may be written.
   *
   * @throws HostError PATH_NOT_FOUND when `directory` does not exist or is not a directory. OPERATION_FAILED when `tar` is
   * not an archive, or `directory` is on a read-only filesystem.
   */
  putArchive(id: string, directory: string, tar: AsyncIterable<Uint8Array>, options?: OperationOptions): Promise<void>
  /**
   * Resolves with a tar archive of a file, or of a directory with everything in it. A link is not followed; its entry is
   * the link.
   *
   * The name of the first entry is the last name of `path`, and the names of others begin with it. The archive of `/` has
   * names relative to it. Modes, times and links are those in the container, and so are owners by number with the option
   * `files.owners`. The archive can have devices and pipes.
   *
   * The stream has back-pressure. Destroying it ends the transfer.
   *
   * @throws HostError PATH_NOT_FOUND
   */
  getArchive(id: string, path: string, options?: OperationOptions): Promise<Readable>
  /** Resolves with the kind, size, mode and time of a file; `undefined` if it does not exist. A link is not followed. */
  statPath(id: string, path: string, options?: OperationOptions): Promise<PathStat | undefined>
}

/** The capability of copying files into and out of containers. */
export const fileTransferCapability: Capability<FileTransfer, 'files.stopped' | 'files.tmpfs' | 'files.owners'> =
  defineCapability({
    id: 'file-transfer',
    title: 'file transfer',
    options: {
      'files.stopped': 'files of a container that is not running',
      'files.tmpfs': 'files in tmpfs mounts',
      'files.owners': 'owners in archives of files of a container',
    },
  })

/** The result of `statPath`. */
export interface PathStat {
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  /** The permission bits, with the set-user-ID, set-group-ID and sticky bits: `0o4755`. */
  readonly mode: number
  /** The number of bytes of a file. For other types it has no meaning. */
  readonly sizeBytes: number
  readonly modifiedAt: Date
  /** The absolute path to which a symbolic link leads, with all links resolved; nothing may exist there. */
  readonly linkTarget?: string
}
