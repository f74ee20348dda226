/** One file, directory or link of a build context, checked: it lies inside, and a link points inside. */
export interface ContextEntry {
  /** Relative to the context, parts joined by `/`; never empty, without `.` and `..`. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink'
  /** Permission bits alone, as they are on disk. */
  readonly mode: number
  /** What `open` gives, exactly; 0 for a directory and a link. */
  readonly sizeBytes: number
  /** `undefined` for what lies in memory. */
  readonly modifiedAt: Date | undefined
  /** Of a file with several names alone: the same text for each of its names. */
  readonly fileId?: string
  /** Of a link alone: where it points, as written; relative. */
  readonly linkTarget?: string
  /**
   * The bytes, read as they are asked for; may be called again. Nothing for a directory or a link.
   *
   * A file that is no longer the one that was listed, or has another size, throws OPERATION_FAILED after the bytes
   * that were still right: what was read may not be used. An abort throws the signal's reason.
   */
  open(): AsyncIterable<Uint8Array>
}
