/** An error of a command whose message and remedies are written for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** What the user can do, each a short line. Default: none. */
  readonly remedies: readonly string[]

  constructor(message: string, { remedies = [], ...options }: UsageErrorOptions = {}) {
    super(message, options)
    this.remedies = remedies
  }
}

export interface UsageErrorOptions extends ErrorOptions {
  readonly remedies?: readonly string[]
}

/** Creates a {@link UsageError} for a failed system call: the problem, and the reason in words. */
export function toUsageError(problem: string, cause: unknown): UsageError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new UsageError(`${problem}: ${reasons[code] ?? code}`, { cause })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of its path is not a directory',
}
