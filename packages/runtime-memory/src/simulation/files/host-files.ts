import { chmod, lstat, mkdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import type { FileEntry } from './file-map.js'

/**
 * Reads a file, directory or link of the host, the machine that this process runs on; `undefined` when it does not exist. A
 * link is followed only with `followLinks`.
 */
export async function readHostFile(
  path: string,
  { followLinks = false }: { readonly followLinks?: boolean } = {},
): Promise<FileEntry | undefined> {
  try {
    const found = await (followLinks ? stat(path) : lstat(path))
    const attributes = { mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, modifiedAt: found.mtime }
    if (found.isSymbolicLink()) return { ...attributes, type: 'symlink', target: await readlink(path) }
    if (found.isDirectory()) return { ...attributes, type: 'directory' }
    // Reading a pipe would wait for a writer.
    return { ...attributes, type: 'file', bytes: found.isFile() ? await readFile(path) : new Uint8Array() }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/**
 * Writes a file, directory or link of the host. Replaces a link at the path, and never writes to its target, which is a path in the
 * container. Owners are not changed, since that would require privileges.
 */
export async function writeHostFile(path: string, entry: FileEntry): Promise<void> {
  const existing = await lstat(path).catch(() => undefined)
  if (existing?.isSymbolicLink() || entry.type === 'symlink') await rm(path, { force: true })
  if (entry.type === 'symlink') return await symlink(entry.target, path)
  if (entry.type === 'directory') await mkdir(path, { recursive: true })
  else await writeFile(path, entry.bytes)
  await chmod(path, entry.mode)
  if (entry.modifiedAt !== undefined) await utimes(path, entry.modifiedAt, entry.modifiedAt)
}
