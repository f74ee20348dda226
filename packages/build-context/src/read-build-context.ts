import type { BuildContext, OperationOptions } from '@capstan/core'
import type { ContextEntry } from './context-entry.js'
import { createInvalidError } from './context-errors.js'
import { listDirectoryContext } from './directory-context.js'
import { listMemoryContext } from './memory-context.js'

/** Options of `readBuildContext`. */
export interface ReadContextOptions extends OperationOptions {
  /** Paths that .dockerignore cannot exclude, such as the Dockerfile. Default: none. */
  readonly keep?: readonly string[]
  /** The path of a file in the context that is used in place of .dockerignore if it exists. Default: none. */
  readonly ignoreFile?: string
  /** The rules to use in place of those of any file, in the syntax of .dockerignore. Default: none. */
  readonly dockerignoreText?: string
  /** Called for each link out of the context. Throws to reject it. Default: such links are entries like any others. */
  readonly onOutsideLink?: (target: string) => void
  /**
   * The builder whose client is followed. Default `classic`. BuildKit's client also sends a directory that is ignored if
   * something below it is not, and reads it for exceptions that begin with a wildcard, such as `!*.md`.
   */
  readonly builder?: 'classic' | 'buildkit'
}

/**
 * Reads the entries of a context: a directory before its contents, and the names of a directory in byte order. Without a
 * context there are no entries.
 *
 * Links are never followed, wherever they lead, except a .dockerignore that is a link to a file of the context.
 *
 * The whole context is checked before the first entry. Entries that .dockerignore excludes are not checked. Sockets are
 * omitted, as with docker.
 *
 * .dockerignore selects the entries that docker's client 28.2 sends to the classic builder, for a directory and for files in
 * memory: https://docs.docker.com/build/concepts/context/#dockerignore-files. An ignored directory is not an entry, even if
 * something below it is: builders create it with mode 0755. It is read only if the text of a pattern with `!` begins with its
 * name. A builder that applies the rules again to these entries excludes nothing further. The option `builder` selects the
 * rules of BuildKit's client.
 *
 * @throws HostError INVALID_ARGUMENT with the path for an absolute name, a name with `..` or NUL, a device or a named pipe, and
 * with file, line and pattern for a pattern that docker rejects.
 * @throws HostError OPERATION_FAILED for an entry that cannot be read.
 */
export async function* readBuildContext(
  context: BuildContext | undefined,
  options: ReadContextOptions = {},
): AsyncIterable<ContextEntry> {
  for (const entry of await listContext(context, options)) {
    options.signal?.throwIfAborted()
    yield entry
  }
}

/** Lists all entries of {@link readBuildContext}. Opens no file except the ignore file. */
export async function listContext(
  context: BuildContext | undefined,
  options: ReadContextOptions,
): Promise<readonly ContextEntry[]> {
  options.signal?.throwIfAborted()
  if (context === undefined) return []
  if (typeof context === 'object' && context !== null) {
    if ('directory' in context) return listDirectoryContext(context.directory, options)
    if ('files' in context) return listMemoryContext(context.files, options)
  }
  throw createInvalidError('context', '{ directory } or { files }', context)
}
