/** A file, directory or symbolic link. A directory without an entry of its own exists while it contains something. */
export type FileEntry = FileAttributes &
  (
    | { readonly type: 'file'; readonly bytes: Uint8Array; readonly mode: number }
    | { readonly type: 'directory'; readonly mode: number }
    | { readonly type: 'symlink'; readonly target: string }
  )

/** The owner and time of a file, which only archives read and write. Default of the owner: root; of the time: the epoch. */
export interface FileAttributes {
  readonly uid?: number
  readonly gid?: number
  readonly modifiedAt?: Date
}

/** Entries by absolute, normalised path. */
export type FileMap = Map<string, FileEntry>
/** A read-only file map: the files of an image never change. */
export type ReadonlyFileMap = ReadonlyMap<string, FileEntry>

/** Returns the size of all files together. */
export function sizeOfFiles(files: ReadonlyFileMap): number {
  const sizes = [...files.values()].map((entry) => (entry.type === 'file' ? entry.bytes.length : 0))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Creates an error as Node's file system reports it: `code` is the errno. */
export function createFileError(code: keyof typeof messages, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path}: ${messages[code]}`), { code })
}

const messages = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  EEXIST: 'File exists',
  ENOTDIR: 'Not a directory',
  EROFS: 'Read-only file system',
  ENOSPC: 'No space left on device',
  ELOOP: 'Too many levels of symbolic links',
}
