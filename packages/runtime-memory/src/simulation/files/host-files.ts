import { readFile, stat } from 'node:fs/promises'
import type { FileEntry } from './file-map.js'

/** Reads a file or directory of the host, the machine that this process runs on; `undefined` when it does not exist. */
export async function readHostFile(path: string): Promise<FileEntry | undefined> {
  try {
    const found = await stat(path)
    const mode = found.mode & 0o7777
    return found.isDirectory() ? { type: 'directory', mode } : { type: 'file', bytes: await readFile(path), mode }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
