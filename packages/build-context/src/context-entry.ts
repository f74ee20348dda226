/** One file, directory or link of a build context. It has been checked: it is inside the context. */
export interface ContextEntry {
  /** The path relative to the context, with `/` between names. Never empty, and without `.` and `..`. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink'
  /** The permission bits. */
  readonly mode: number
  /** The number of bytes of `open`. 0 for a directory and a link. */
  readonly sizeBytes: number
  /** `undefined` for files in memory. */
  readonly modifiedAt: Date | undefined
  /**
   * Nanoseconds since 1970. They differ from those of an earlier time when the content may differ, also when a program has set
   * the modification time. Then only the whole seconds are those of \`modifiedAt\`. \`undefined\` for files in memory.
   */
  readonly modifiedNs?: bigint
  /** Identifies a file with several names (hard links): equal for each of its names. */
  readonly fileId?: string
  /** The target of a link, as it is written. It may be absolute, and outside of the context. */
  readonly linkTarget?: string
  /**
   * Reads the bytes on demand. May be called several times. A directory or a link has no bytes.
   *
   * `buffer` may be used for the blocks, each of which is then valid until the next one is requested. Without it, each block
   * has its own memory, which the garbage collector frees late.
   *
   * Throws OPERATION_FAILED when the file was replaced or has another size than listed, possibly after some bytes, which must
   * be discarded. An abort throws the signal's reason.
   */
  open(buffer?: Uint8Array): AsyncIterable<Uint8Array>
}

/** The content of an entry without bytes. */
export async function* emptyContent(): AsyncIterable<Uint8Array> {}

/** Returns the paths of the directories above a path, from the top. */
export function* parentsOf(path: string): Iterable<string> {
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) yield path.slice(0, end)
}
