import { posix } from 'node:path'
import type { ContextEntry } from '@capstan/build-context'

/**
 * Returns the paths, and instead of a path that passes a link, the link and the path behind it. Only the last name of a path
 * or of its part up to a link may have wildcards.
 *
 * https://github.com/tonistiigi/fsutil/blob/master/followlinks.go
 */
export function followPaths(entries: readonly ContextEntry[], paths: readonly string[]): readonly string[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  const found = new Set<string>()
  const follow = (path: string): void => {
    const names = posix.join('.', path).split('/')
    for (let count = 1; count <= names.length; count += 1) {
      const current = names.slice(0, count).join('/')
      const targets = findTargets(entries, byPath, current)
      const isLast = count === names.length
      if (targets.length === 0 && !isLast) continue
      if (found.has(current)) return
      found.add(current)
      for (const target of targets) follow(posix.join(target, ...names.slice(count)))
      if (targets.length > 0) return
    }
  }
  for (const path of paths) follow(path)
  return [...found]
}

/** Returns the targets of the links that a path names, relative to the context. */
function findTargets(
  entries: readonly ContextEntry[],
  byPath: ReadonlyMap<string, ContextEntry>,
  path: string,
): readonly string[] {
  const name = posix.basename(path)
  if (!hasWildcard(name)) return toTargets(byPath.get(path))
  const directory = posix.dirname(path)
  const test = toNameTest(name)
  return entries
    .filter((entry) => posix.dirname(entry.path) === directory && test.test(posix.basename(entry.path)))
    .flatMap(toTargets)
}

function toTargets(entry: ContextEntry | undefined): readonly string[] {
  if (entry?.linkTarget === undefined) return []
  // The root of an absolute target is the context.
  const directory = posix.isAbsolute(entry.linkTarget) ? '' : posix.dirname(entry.path)
  return [posix.join('/', directory, entry.linkTarget)]
}

function hasWildcard(name: string): boolean {
  return /[*?[]/.test(name.replace(/\\./gs, ''))
}

/** Translates the pattern of a name: https://pkg.go.dev/path/filepath#Match. An invalid pattern matches nothing. */
function toNameTest(pattern: string): RegExp {
  const parts = pattern.matchAll(
    /\\(?<escaped>.)|\[(?<not>\^?)(?<set>(?:\\.|[^\]\\])+)\]|(?<any>\*)|(?<one>\?)|(?<other>.)/gs,
  )
  const expression = Array.from(parts, ({ groups = {} }) => {
    const { escaped, not = '', set, any, one, other = '' } = groups
    if (escaped !== undefined) return quote(escaped)
    if (set !== undefined) return `[${not}${set.replaceAll('[', '\\[').replaceAll('^', '\\^')}]`
    if (any !== undefined) return '.*'
    return one === undefined ? quote(other) : '.'
  }).join('')
  try {
    return new RegExp(`^${expression}$`, 'su')
  } catch {
    return /(?!)/
  }
}

function quote(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
