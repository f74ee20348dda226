/** A command line that cannot be followed, in a sentence for whoever wrote it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The same for something on this machine that cannot be used, with what the system says. */
export function toUsageError(problem: string, cause: unknown): UsageError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new UsageError(`${problem}: ${reasons[code] ?? code}`, { cause })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of its path is no directory',
}
