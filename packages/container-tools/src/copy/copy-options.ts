import type { OperationOptions } from '@capstan/core'

/** Options of `copyIn` and `copyOut`. */
export interface CopyOptions extends OperationOptions {
  /**
   * The file or directory to copy. With a trailing `/.`, the content of a directory is copied and not the directory itself. With a
   * trailing `/`, it must be a directory.
   */
  readonly from: string
  /**
   * Where to. An existing directory: into it, under the name of the source. An existing file: it is replaced. Otherwise the path
   * gets the file, or the content of the directory; the directory above it must exist. With a trailing `/`, it must be an
   * existing directory, unless a directory is copied. A link is followed.
   */
  readonly to: string
  /** Copies the target if `from` is a link. Links in a copied directory are never followed. Default false: copies the link. */
  readonly followLinks?: boolean
}

/** The result of `copyIn` and `copyOut`. */
export interface CopyResult {
  /** The number of copied files, directories and links. */
  readonly entries: number
  /** The number of bytes in the copied files. */
  readonly bytes: number
}
