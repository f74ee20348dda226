/** A file, directory or symbolic link. A directory without an entry of its own exists while it contains something. */
export type FileEntry =
  | { readonly type: 'file'; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }

/** Entries by absolute, normalised path. */
export type FileMap = Map<string, FileEntry>
/** A read-only file map: the files of an image never change. */
export type ReadonlyFileMap = ReadonlyMap<string, FileEntry>

/** Creates an error as Node's file system reports it: `code` is the errno. */
export function createFileError(code: keyof typeof messages, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path}: ${messages[code]}`), { code })
}

const messages = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EROFS: 'Read-only file system',
  ENOSPC: 'No space left on device',
  ELOOP: 'Too many levels of symbolic links',
}
