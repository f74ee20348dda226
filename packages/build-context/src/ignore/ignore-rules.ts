import { createInvalidError } from '../context-errors.js'
import { type ByteText, decode, toByteText } from './byte-text.js'
import { type IgnoreLine, parseIgnoreFile, parsePatterns } from './ignore-file.js'
import { createPathTest, IgnorePath, isPattern, type PathTest } from './ignore-pattern.js'

/** The default name of the ignore file. */
export const ignoreFile = '.dockerignore'

/** Whether the rules ignore one path. */
export interface IgnoreResult {
  readonly isIgnored: boolean
  /** For each pattern, whether the path or a directory above it matched. */
  readonly matched: readonly boolean[]
}

/** Options of `IgnoreRules`. */
export interface IgnoreRulesOptions {
  /** The field in errors. */
  readonly field: string
  /** Paths that are never excluded. Default: none. */
  readonly keep?: readonly string[] | undefined
  /** Whether `\` separates names, and is not an escape character. Default: whether this is Windows. */
  readonly isWindows?: boolean
}

/**
 * The rules of a .dockerignore, with the semantics of docker's client 28.2:
 * https://pkg.go.dev/github.com/moby/patternmatcher
 */
export class IgnoreRules {
  /** In the order of the file. */
  readonly patterns: readonly Pattern[]
  readonly #field: string
  readonly #kept: ReadonlySet<ByteText>

  /**
   * `content` is the text of a .dockerignore, or its patterns as BuildKit's frontend has parsed them.
   *
   * @throws HostError INVALID_ARGUMENT with field, line and pattern for a pattern that docker rejects
   */
  constructor(
    content: string | Uint8Array | readonly string[],
    { field, keep = [], isWindows = process.platform === 'win32' }: IgnoreRulesOptions,
  ) {
    this.#field = field
    this.#kept = new Set(keep.map(toByteText))
    const isText = typeof content === 'string' || content instanceof Uint8Array
    const lines = isText ? parseIgnoreFile(content, { isWindows }) : parsePatterns(content)
    this.patterns = lines.flatMap((line) => this.#compile(line))
  }

  /** Whether `match` and `check` may throw: docker rejects a pattern only when it compares it with a path. */
  get mayThrow(): boolean {
    return this.patterns.some(({ test }) => test === undefined)
  }

  /** Matches a path. `parent` is the result of its directory, or `undefined` at the root. */
  match(path: ByteText, parent: IgnoreResult | undefined): IgnoreResult {
    const ignorePath = new IgnorePath(path)
    let isIgnored = false
    const matched: boolean[] = []
    for (const [index, pattern] of this.patterns.entries()) {
      const isParentMatch = parent?.matched[index] === true
      const isMatch = isParentMatch || (pattern.isException === isIgnored && this.#test(pattern, ignorePath))
      if (isMatch) isIgnored = !pattern.isException
      matched.push(isMatch)
    }
    return { isIgnored: isIgnored && !this.#kept.has(path), matched }
  }

  /**
   * Whether an ignored directory must be read: the text of an exception, including its wildcards, begins with its name. This
   * is the rule of docker's client, so `*` with `!*\/file` includes nothing in a directory. BuildKit's client reads every
   * directory if an exception has a wildcard before its end.
   */
  mayContainExceptions(directory: ByteText, builder: 'classic' | 'buildkit' = 'classic'): boolean {
    const isBelow = (path: ByteText) => `${path}/`.startsWith(`${directory}/`)
    const exceptions = this.patterns.filter(({ isException }) => isException).map(({ pattern }) => pattern)
    if ([...exceptions, ...this.#kept].some(isBelow)) return true
    return builder === 'buildkit' && exceptions.some((pattern) => /[*?[\]^\\]/.test(withoutLastWildcard(pattern)))
  }

  /**
   * Whether docker's client ignores the path in the check before it packs the context. The check does not use the results of
   * parent directories, and throws for an invalid pattern when a path is compared with it.
   */
  check(path: ByteText): boolean {
    const names = path.split('/')
    const paths = names.map((_, index) => new IgnorePath(names.slice(0, index + 1).join('/'))).reverse()
    let isIgnored = false
    for (const pattern of this.patterns) {
      if (pattern.isException !== isIgnored) continue
      if (paths.some((one) => this.#test(pattern, one))) isIgnored = !pattern.isException
    }
    return isIgnored
  }

  #compile(line: IgnoreLine): readonly Pattern[] {
    const { pattern, isException } = line
    if (pattern === '' && !isException) return []
    if (!pattern || !isPattern(pattern)) throw this.#toError(line)
    return [{ ...line, pattern, test: createPathTest(pattern) }]
  }

  #test(pattern: Pattern, path: IgnorePath): boolean {
    if (pattern.test === undefined) throw this.#toError(pattern)
    return pattern.test(path)
  }

  #toError({ number, text }: IgnoreLine): Error {
    const expected = `patterns that docker accepts; it rejects line ${number}`
    return createInvalidError(this.#field, expected, decode(text) ?? text)
  }
}

function withoutLastWildcard(pattern: ByteText): ByteText {
  return pattern.replace(/\/\*\*$/, '').replace(/\/\*$/, '')
}

/** A line of the file with the test of its pattern. */
export interface Pattern extends IgnoreLine {
  readonly pattern: ByteText
  /** `undefined` for a pattern that docker rejects when it compares it with a path. */
  readonly test: PathTest | undefined
}
