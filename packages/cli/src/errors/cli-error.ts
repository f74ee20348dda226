/** An error of a command whose message and remedies are written for the user. */
export class CliError extends Error {
  override readonly name = 'CliError'
  /** What the user can do, each a short line. Default: none. */
  readonly remedies: readonly string[]

  constructor(message: string, { remedies = [], ...options }: CliErrorOptions = {}) {
    super(message, options)
    this.remedies = remedies
  }
}

export interface CliErrorOptions extends ErrorOptions {
  readonly remedies?: readonly string[]
}

/** Creates a {@link CliError} for a file that cannot be read or written: the problem, and the reason in words. */
export function toFileError(problem: string, cause: unknown): CliError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new CliError(`${problem}: ${reasons[code] ?? code}`, { cause })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of its path is not a directory',
}
