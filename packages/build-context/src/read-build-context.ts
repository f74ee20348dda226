import type { BuildContext, OperationOptions } from '@capstan/core'
import type { ContextEntry } from './context-entry.js'
import { listDirectoryContext } from './directory-context.js'
import { refuse } from './invalid-entry.js'
import { listMemoryContext } from './memory-context.js'

/** Options of `readBuildContext`. */
export interface ReadContextOptions extends OperationOptions {
  /** Paths that no rule of .dockerignore drops, such as the Dockerfile that is to be read from the context. Default: none. */
  readonly keep?: readonly string[]
  /** A path in the context: its rules count instead of those of .dockerignore where it is there. Default: none. */
  readonly ignoreFile?: string
}

/**
 * Gives what a builder may see of the context: directories before what they hold, names of one directory in byte order.
 *
 * The whole context is checked before the first entry is given. INVALID_ARGUMENT names the path that is refused: an
 * absolute name, one with `..` or NUL, a link out of the context, a device or a named pipe; what .dockerignore drops is
 * not looked at. Sockets are left out, as docker does. What cannot be read: OPERATION_FAILED. Without a context there are
 * no entries.
 *
 * The rules of .dockerignore select what docker's client 28.2 sends to the classic builder, for a directory and for
 * files in memory: https://docs.docker.com/build/concepts/context/#dockerignore-files. A pattern that docker refuses:
 * INVALID_ARGUMENT with file, line and pattern. An ignored directory is not given, even when something below it is; a
 * builder makes it with mode 0755. An ignored directory is read only when the text of a pattern with `!` begins with its
 * name: BuildKit's own client would also read it for `!*.md` and other wildcards. A builder that applies the rules again to
 * these entries drops nothing further.
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

/** The same, all at once: metadata only, no file is opened. */
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
  throw refuse('context', '{ directory } or { files }', context)
}
