import type { PathStat } from '@capstan/core'
import type { ContainerFiles } from '../../simulation/files/container-files.js'

/** Returns the kind, size, mode and time of the file at a path; `undefined` when there is none. */
export async function statPath(files: ContainerFiles, path: string): Promise<PathStat | undefined> {
  const entry = await files.findLink(path)
  if (entry === undefined) return undefined
  const { type, modifiedAt = new Date(0) } = entry
  if (type === 'symlink')
    return { type, mode: 0o777, sizeBytes: entry.target.length, modifiedAt, linkTarget: await files.resolve(path) }
  return { type, mode: entry.mode, sizeBytes: type === 'file' ? entry.bytes.length : 0, modifiedAt }
}
