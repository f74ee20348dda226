import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import type { FileEntry } from './file-map.js'

/** Finds a file or directory of this machine for a bind mount; `undefined` when it does not exist. */
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

/** Through a bind mount. */
export async function writeHostFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes)
}

/** Through a bind mount. */
export async function changeMachineMode(path: string, mode: number): Promise<void> {
  await chmod(path, mode)
}

/** Lists the names in a directory of this machine, sorted. */
export async function listMachineDirectory(path: string): Promise<readonly string[]> {
  return (await readdir(path)).sort()
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
