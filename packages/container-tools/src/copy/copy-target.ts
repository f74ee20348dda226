import { createHostError } from '@capstan/core/plugin'

/** What is copied. */
export interface CopySource {
  /** The name under which it is copied into a directory; empty for a root directory. */
  readonly name: string
  readonly isDirectory: boolean
  /** Whether only the content of the directory is copied. */
  readonly isContent: boolean
}

/** The path that the caller gave as the target, and what is there. */
export interface GivenTarget {
  /** The path without trailing slash, and with a link replaced by its target. */
  readonly path: string
  readonly existing: 'directory' | 'other' | undefined
  /** Whether the path has a trailing slash. */
  readonly mustBeDirectory: boolean
}

/** Where a source is written: into a directory that must exist, under a name. */
export interface CopyTarget {
  readonly directory: string
  /** `undefined` for the content of a directory, which is copied into `directory` itself. */
  readonly name: string | undefined
}

/**
 * Finds where a source is written, by the rules of `docker cp`: https://docs.docker.com/reference/cli/docker/container/cp/
 *
 * @throws HostError INVALID_ARGUMENT for a directory to an existing file, and where a directory must exist
 */
export function findCopyTarget(
  source: CopySource,
  { path, existing, mustBeDirectory }: GivenTarget,
  { dirname, basename }: { dirname(path: string): string; basename(path: string): string },
): CopyTarget {
  if (existing === 'directory') {
    const isContent = source.isDirectory && (source.isContent || source.name === '')
    return { directory: path, name: isContent ? undefined : source.name }
  }
  if (existing === 'other' && source.isDirectory)
    throw createTargetError('a directory or an absent path, since a directory is copied', path)
  if (mustBeDirectory && (existing === 'other' || !source.isDirectory))
    throw createTargetError('an existing directory, since it ends with a slash', path)
  return { directory: dirname(path), name: basename(path) }
}

/** Creates the error for a path that cannot be the target of a copy. */
export function createTargetError(expected: string, path: string): Error {
  return createHostError('INVALID_ARGUMENT', { field: 'to', expected, given: JSON.stringify(path) })
}
