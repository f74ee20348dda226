/** Whether a failure of the file system says that there is no such file; one that may not be read is there. */
export function isAbsentFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
