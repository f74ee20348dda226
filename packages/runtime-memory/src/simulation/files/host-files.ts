import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import type { FileEntry } from './file-map.js'

/** Reads a file or directory of the host, the machine that this process runs on; `undefined` when it does not exist. */
export async function readHostFile(path: string): Promise<FileEntry | undefined> {
  try {
    const found = await stat(path)
    const mode = found.mode & 0o7777
    return found.isDirectory() ? { type: 'directory', mode } : { type: 'file', bytes: await readFile(path), mode }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Writes a file of the host. */
export async function writeHostFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes)
}

/** Changes the mode of a file or directory of the host. */
export async function changeHostMode(path: string, mode: number): Promise<void> {
  await chmod(path, mode)
}

/** Lists the names in a directory of the host, sorted. */
export async function listHostDirectory(path: string): Promise<readonly string[]> {
  return (await readdir(path)).sort()
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
