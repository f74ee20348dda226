import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import type { FileEntry } from './file-map.js'

/** A file or directory of the machine, as a bind mount shows it; `undefined` where there is none. */
export async function findMachineFile(path: string): Promise<FileEntry | undefined> {
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
export async function writeMachineFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(path, bytes)
}

/** Through a bind mount. */
export async function changeMachineMode(path: string, mode: number): Promise<void> {
  await chmod(path, mode)
}

/** Names in a directory of the machine, sorted. */
export async function listMachineDirectory(path: string): Promise<readonly string[]> {
  return (await readdir(path)).sort()
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
