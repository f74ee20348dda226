/** An error of a command whose message and remedies are written for the user. */
export class CliError extends Error {
  override readonly name = 'CliError'
  /** What the user can do, each a short line. Default: none. */
  readonly remedies: readonly string[]
  /** The exit status of the command. */
  readonly exitCode: number

  constructor(message: string, { remedies = [], exitCode = failureCode, ...options }: CliErrorOptions = {}) {
    super(message, options)
    this.remedies = remedies
    this.exitCode = exitCode
  }
}

export interface CliErrorOptions extends ErrorOptions {
  readonly remedies?: readonly string[]
  /** Default 125. */
  readonly exitCode?: number
}

/** The exit status of a failure of Capstan itself. As in docker, it is unlikely to be the exit code of a container. */
export const failureCode = 125

/** As in docker, a file of the user that makes a build fail before it begins has the exit status of a failed build. */
export const failedBuild = { exitCode: 1 } as const

/** Creates a {@link CliError} for a file that cannot be read or written: the problem, and the reason in words. */
export function toFileError(
  problem: string,
  cause: unknown,
  options: Pick<CliErrorOptions, 'exitCode'> = {},
): CliError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new CliError(`${problem}: ${reasons[code] ?? code}`, { ...options, cause })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of its path is not a directory',
}
