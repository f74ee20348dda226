import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CliError, toFileError } from '../errors/cli-error.js'

/**
 * Checks that a file can be written later, and neither creates nor changes it. `problem` is the beginning of the message.
 *
 * @throws CliError with the reason if the path is a directory, its directory does not exist, or access is denied.
 */
export async function requireWritableFile(path: string, problem: string): Promise<void> {
  const stats = await findStats(path, problem)
  if (stats?.isDirectory()) throw new CliError(`${problem}: it is a directory`)
  if (stats === undefined && (await findStats(dirname(path), problem)) === undefined)
    throw new CliError(`${problem}: its directory does not exist`)
  await access(stats === undefined ? dirname(path) : path, constants.W_OK).catch((cause: unknown) => {
    throw toFileError(problem, cause)
  })
}

/**
 * Checks that a path is a directory, or does not exist and can be created later.
 *
 * @throws CliError with the reason if it is another file, or one of its parents is.
 */
export async function requireDirectoryOrNothing(path: string, name: string): Promise<void> {
  const stats = await findStats(path, `${name} cannot be written`)
  if (stats !== undefined && !stats.isDirectory()) throw new CliError(`${name} is not a directory`)
}

async function findStats(path: string, problem: string) {
  return await stat(path).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw toFileError(problem, cause)
  })
}
