/** A file of the simulation. Directories exist where something is in them, or where an entry says so. */
export type FileEntry =
  | { readonly type: 'file'; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }

/** Absolute normalised path → entry. */
export type FileMap = Map<string, FileEntry>
/** The same, to look at: the files of an image never change. */
export type ReadonlyFileMap = ReadonlyMap<string, FileEntry>

/** An error as Node's file system gives it: `code` is the errno. */
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
