import { posix } from 'node:path'
import type { ContainerFiles } from '../files/container-files.js'
import type { MemoryFiles } from '../memory-program.js'

/** Gives a process access to the container's files, with paths from its working directory. */
export function createProcessFiles(files: ContainerFiles, workingDirectory: string): MemoryFiles {
  const toPath = (path: string) => posix.resolve(workingDirectory, path)
  return {
    // A copy, because the program may modify it.
    read: async (path) => new Uint8Array(await files.read(toPath(path))),
    write: (path, content) => files.write(toPath(path), Buffer.from(content)),
    list: (path) => files.list(toPath(path)),
    mode: (path) => files.mode(toPath(path)),
    changeMode: (path, mode) => files.changeMode(toPath(path), mode),
  }
}
