import { refuse } from '../invalid-entry.js'
import { type ByteText, decode } from './byte-text.js'
import { type IgnoreLine, parseIgnoreFile } from './ignore-file.js'
import { createPathTest, IgnorePath, isPattern, type PathTest } from './ignore-pattern.js'

export const ignoreFile = '.dockerignore'

/** What the rules say of one path. */
export interface Verdict {
  readonly isIgnored: boolean
  /** For each pattern, whether the path or a directory above it matched. */
  readonly matched: readonly boolean[]
}

export interface IgnoreRulesOptions {
  /** Named by an error. */
  readonly field: string
  /** Paths that no rule drops. */
  readonly keep: readonly ByteText[]
  /** `\` separates names, and does not escape. */
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

  /** A pattern that docker refuses: INVALID_ARGUMENT with the field, the line and the pattern. */
  constructor(content: string | Uint8Array, options: IgnoreRulesOptions) {
    this.#options = options
    this.#kept = new Set(options.keep)
    this.patterns = parseIgnoreFile(content, options).flatMap((line) => this.#compile(line))
  }

  /** False: `judge` and `check` never throw. */
  get mayRefuse(): boolean {
    return this.patterns.some(({ test }) => test === undefined)
  }

  /** Asked for directories before what they hold, with the verdict on the directory. */
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
   * Tells whether an ignored directory is read all the same: when the text of an exception, wildcards and all, begins with
   * its name. docker's client does so, and leaves out what `*` and `!*\/file` would keep in directories.
   */
  enters(directory: ByteText): boolean {
    const isBelow = (path: ByteText) => `${path}/`.startsWith(`${directory}/`)
    return (
      this.patterns.some(({ isException, pattern }) => isException && isBelow(pattern)) ||
      this.#options.keep.some(isBelow)
    )
  }

  /**
   * Tells whether docker's client ignores the path when it checks the context before it packs it, where it knows nothing
   * of the directories above. A pattern that has no meaning is refused when a path is compared with it, not earlier.
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
    const expected = `a file of patterns that docker accepts; line ${number} is none`
    return refuse(this.#options.field, expected, decode(text) ?? text)
  }
}

/** A line of the file, with the test of its pattern. */
export interface Pattern extends IgnoreLine {
  readonly pattern: ByteText
  /** `undefined`: the pattern has no meaning. */
  readonly test: PathTest | undefined
}
