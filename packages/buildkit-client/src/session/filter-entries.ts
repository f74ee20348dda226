import { type ContextEntry, createPathMatcher, parentsOf } from '@capstan/build-context'
import { followPaths } from './follow-paths.js'

/** The patterns of one transfer, in the syntax of .dockerignore. */
export interface EntryFilter {
  /** Paths that are sent. Empty means all. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Like `include`, with the targets of the links among them. */
  readonly followPaths: readonly string[]
}

/**
 * Selects the entries that match a filter, and the directories above them.
 *
 * https://github.com/tonistiigi/fsutil/blob/master/filter.go
 */
export function filterEntries(entries: readonly ContextEntry[], filter: EntryFilter): readonly ContextEntry[] {
  const include = [...filter.include, ...followPaths(entries, filter.followPaths)]
  const isIncluded = include.length === 0 || include.includes('.') ? () => true : createPathMatcher(include)
  const isExcluded = createPathMatcher(filter.exclude)
  const selected = new Set<string>()
  for (const { path } of entries) {
    if (!isIncluded(path) || isExcluded(path)) continue
    selected.add(path)
    for (const parent of parentsOf(path)) selected.add(parent)
  }
  return entries.filter(({ path }) => selected.has(path))
}
