/** Whether an error of the file system means that the file does not exist. A file that may not be read exists. */
export function isAbsentFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
