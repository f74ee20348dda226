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
 * Gives what a builder may see of the context: parents before their children, names of one directory in byte order.
 *
 * The whole context is checked before the first entry is given. INVALID_ARGUMENT names the path that is refused: an
 * absolute name, one with `..` or NUL, a link out of the context, a device or a named pipe; what .dockerignore drops is
 * not looked at. Sockets are left out, as docker does. What cannot be read: OPERATION_FAILED. Without a context there are
 * no entries.
 *
 * .dockerignore means the same for a directory and for files in memory:
 * https://docs.docker.com/build/concepts/context/#dockerignore-files
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
