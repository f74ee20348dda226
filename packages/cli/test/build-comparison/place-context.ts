import { chmod, link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ContextFile } from './build-draft.js'

/** Writes the files of a context to an empty directory, with their modes and times. */
export async function placeContext(directory: string, files: ReadonlyMap<string, ContextFile>): Promise<void> {
  const entries = [...files].map(([path, file]) => [join(directory, path), file] as const)
  for (const [path, file] of entries) {
    await mkdir('directoryMode' in file ? path : dirname(path), { recursive: true })
    await place(directory, path, file)
  }
  // A later entry changes the time of its directory, and a mode may forbid it.
  for (const [path, file] of entries.reverse()) {
    if ('mode' in file) await chmod(path, file.mode)
    if ('directoryMode' in file) await chmod(path, file.directoryMode)
    if ('seconds' in file) await utimes(path, file.seconds, file.seconds)
  }
}

async function place(directory: string, path: string, file: ContextFile): Promise<void> {
  if ('content' in file) return writeFile(path, file.content)
  if ('linkTo' in file) return symlink(file.linkTo, path)
  if ('sameAs' in file) return link(join(directory, file.sameAs), path)
}
