/** A command line that cannot be carried out; the message is for the person who wrote it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** What to do, each a short line. Default: none. */
  readonly remedies: readonly string[]

  constructor(message: string, { remedies = [], ...options }: UsageErrorOptions = {}) {
    super(message, options)
    this.remedies = remedies
  }
}

export interface UsageErrorOptions extends ErrorOptions {
  readonly remedies?: readonly string[]
}

/** The same for something on this machine that cannot be used, with what the system says. */
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
