import { refuse } from '../invalid-entry.js'
import { type ByteText, decode } from './byte-text.js'
import { type IgnoreLine, parseIgnoreFile } from './ignore-file.js'
import { createPathTest, IgnorePath, isPattern, type PathTest } from './ignore-pattern.js'

/** The name of the file that has the rules. */
export const ignoreFile = '.dockerignore'

/** Whether the rules ignore one path. */
export interface Verdict {
  readonly isIgnored: boolean
  /** For each pattern, whether the path or a directory above it matched. */
  readonly matched: readonly boolean[]
}

/** Options of `IgnoreRules`. */
export interface IgnoreRulesOptions {
  /** The field that errors name. */
  readonly field: string
  /** Paths that no rule drops. */
  readonly keep: readonly ByteText[]
  /** Whether `\` separates names, as on Windows, and does not escape. */
  readonly isWindows: boolean
}

/**
 * The rules of a .dockerignore, with the meaning that they have for docker's client 28.2:
 * https://pkg.go.dev/github.com/moby/patternmatcher
 */
export class IgnoreRules {
  /** In the order of the file. */
  readonly patterns: readonly Pattern[]
  readonly #options: IgnoreRulesOptions
  readonly #kept: ReadonlySet<ByteText>

  /** @throws HostError INVALID_ARGUMENT with the field, the line and the pattern, for a pattern that docker refuses */
  constructor(content: string | Uint8Array, options: IgnoreRulesOptions) {
    this.#options = options
    this.#kept = new Set(options.keep)
    this.patterns = parseIgnoreFile(content, options).flatMap((line) => this.#compile(line))
  }

  /** Whether `judge` and `check` may throw, for a pattern that docker refuses only when it compares it with a path. */
  get mayRefuse(): boolean {
    return this.patterns.some(({ test }) => test === undefined)
  }

  /** Judges a path. `above` is the verdict on its directory, which has to be judged first; `undefined` at the root. */
  judge(path: ByteText, above: Verdict | undefined): Verdict {
    const asked = new IgnorePath(path)
    let isIgnored = false
    const matched: boolean[] = []
    for (const [index, pattern] of this.patterns.entries()) {
      const isAbove = above?.matched[index] === true
      const isMatch = isAbove || (pattern.isException === isIgnored && this.#test(pattern, asked))
      if (isMatch) isIgnored = !pattern.isException
      matched.push(isMatch)
    }
    return { isIgnored: isIgnored && !this.#kept.has(path), matched }
  }

  /**
   * Tells whether an ignored directory is read: when the text of an exception, including its wildcards, begins with its
   * name. docker's client does the same, so `*` with `!*\/file` keeps nothing in a directory.
   */
  enters(directory: ByteText): boolean {
    const isBelow = (path: ByteText) => `${path}/`.startsWith(`${directory}/`)
    return (
      this.patterns.some(({ isException, pattern }) => isException && isBelow(pattern)) ||
      this.#options.keep.some(isBelow)
    )
  }

  /**
   * Tells whether docker's client ignores the path in the check before it packs the context, in which the verdicts on the
   * directories above are not used. A pattern without a meaning is refused when a path is compared with it, not earlier.
   */
  check(path: ByteText): boolean {
    const names = path.split('/')
    const asked = names.map((_, index) => new IgnorePath(names.slice(0, index + 1).join('/'))).reverse()
    let isIgnored = false
    for (const pattern of this.patterns) {
      if (pattern.isException !== isIgnored) continue
      if (asked.some((one) => this.#test(pattern, one))) isIgnored = !pattern.isException
    }
    return isIgnored
  }

  #compile(line: IgnoreLine): readonly Pattern[] {
    const { pattern, isException } = line
    if (pattern === '' && !isException) return []
    if (!pattern || !isPattern(pattern)) throw this.#refuse(line)
    return [{ ...line, pattern, test: createPathTest(pattern) }]
  }

  #test(pattern: Pattern, path: IgnorePath): boolean {
    if (pattern.test === undefined) throw this.#refuse(pattern)
    return pattern.test(path)
  }

  #refuse({ number, text }: IgnoreLine): Error {
    const expected = `a file of patterns that docker accepts; it refuses line ${number}`
    return refuse(this.#options.field, expected, decode(text) ?? text)
  }
}

/** A line of the file, with the test of its pattern. */
export interface Pattern extends IgnoreLine {
  readonly pattern: ByteText
  /** `undefined` for a pattern that docker refuses when it compares it with a path. */
  readonly test: PathTest | undefined
}
