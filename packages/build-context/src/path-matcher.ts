import type { ByteText } from './ignore/byte-text.js'
import { toByteText } from './ignore/byte-text.js'
import { type IgnoreResult, IgnoreRules } from './ignore/ignore-rules.js'

/**
 * Creates a function that tells whether a path matches patterns with the syntax of .dockerignore. A path below a directory that
 * matches does so, too, unless a later pattern with `!` excludes it.
 *
 * The function throws INVALID_ARGUMENT for a pattern that docker rejects.
 */
export function createPathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const rules = new IgnoreRules(patterns, { field: 'patterns' })
  const results = new Map<ByteText, IgnoreResult>()
  const match = (path: ByteText): IgnoreResult => {
    const known = results.get(path)
    if (known !== undefined) return known
    const end = path.lastIndexOf('/')
    const result = rules.match(path, end === -1 ? undefined : match(path.slice(0, end)))
    results.set(path, result)
    return result
  }
  return (path) => match(toByteText(path)).isIgnored
}
