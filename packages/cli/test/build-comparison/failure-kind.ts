/** What two builders must report alike for a failed build. */
export interface FailureKind {
  readonly kind: string
  /** The line of the Dockerfile, where the builder names it. */
  readonly line: number | undefined
}

/** Returns the kind of failure in the stderr of `docker build`. */
export function toDockerFailure(stderr: string): FailureKind {
  const line = /^\S.*:(\d+)\n-{20}\n/m.exec(stderr)?.[1]
  const text = /^ERROR: (?:failed to build: )?(?:failed to solve: )?(.*)/ms.exec(stderr)?.[1] ?? stderr
  return { kind: toKind(text), line: line === undefined ? undefined : Number(line) }
}

/** Returns the kind of failure in the JSON document that `capstan build` writes to stderr. */
export function toCapstanFailure(stderr: string): FailureKind {
  const { errors }: ErrorDocuments = JSON.parse(stderr.trim().split('\n').at(-1) ?? '')
  const [document] = errors
  const { exitCode, lastLines = [], source } = document.facts ?? {}
  const line = source?.line
  if (typeof exitCode === 'number') return { kind: `a step exits with ${exitCode}`, line }
  const text = [document.message, ...document.details, ...lastLines, ...document.causes].join('\n')
  const kind = toKind(text)
  return { kind: kind === text && document.code === 'INVALID_ARGUMENT' ? 'the Dockerfile is invalid' : kind, line }
}

/** The parts of the document that are read. */
interface ErrorDocuments {
  readonly errors: readonly [ErrorDocument]
}

interface ErrorDocument {
  readonly code: string | null
  readonly message: string
  readonly details: readonly string[]
  readonly causes: readonly string[]
  readonly facts: {
    readonly exitCode?: number
    readonly lastLines?: readonly string[]
    readonly source?: { readonly line: number }
  } | null
}

/** Returns the text itself when its kind is unknown. */
function toKind(text: string): string {
  const exitCode = /did not complete successfully: exit code: (\d+)/.exec(text)?.[1]
  if (exitCode !== undefined) return `a step exits with ${exitCode}`
  return kinds.find(([, pattern]) => pattern.test(text))?.[0] ?? text
}

/** The first that matches counts. */
const kinds: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['a secret is missing', /secret \S+: not found/],
  ['the Dockerfile is missing', /failed to read dockerfile|Dockerfile \S+ (cannot be read|does not exist)/],
  ['the target is missing', /target stage "?\S+"? could not be found/],
  ['an image is missing', /failed to resolve source metadata|failed to do request/],
  ['a user is unknown', /unable to find user|no matching entries in passwd|invalid user index/],
  ['a rule of .dockerignore is invalid', /syntax error in pattern|^"\.dockerignore" in the context must be/m],
  ['a link leads to itself', /: too many links$/m],
  ['a path is not a directory', /: not a directory$/m],
  ['a file is missing', /: not found$|no such file or directory|excluded by \.dockerignore/m],
  [
    'the Dockerfile is invalid',
    new RegExp(
      [
        ...['dockerfile parse error', 'base name .* should not be blank', 'failed to parse stage name'],
        ...['no build stage in current context', 'file with no instructions', 'circular dependency detected'],
        ...['unsupported mount type', 'unterminated heredoc', 'must have two arguments', '[Ii]nvalid containerPort'],
        ...['invalid signal', 'failed to process "', '^invalid syntax$'],
      ].join('|'),
      'm',
    ),
  ],
]
