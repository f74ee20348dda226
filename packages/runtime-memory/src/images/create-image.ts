import type { FileEntry, FileMap } from '../simulation/files/file-map.js'
import type { MemoryImage, MemoryProgram } from '../simulation/memory-program.js'
import { emptyImageConfig, type ImageContent } from './state/stored-image.js'

/** An image out of programs: each of its commands is a file in `/bin`, so that images built on it have it too. */
export function createImage(
  reference: string,
  { main, commands = {}, env = {}, user = '' }: Omit<MemoryImage, 'main'> & { readonly main?: MemoryProgram },
): ImageContent {
  return {
    config: { ...emptyImageConfig, env, user },
    files: createCommandFiles(Object.keys(commands)),
    programs: { key: reference, main, commands: new Map(Object.entries(commands)) },
  }
}

/** A marker for each command: there is nothing in it to execute. */
export function createCommandFiles(names: readonly string[]): FileMap {
  return new Map(names.map((name) => [`/bin/${name}`, createMarker(name)]))
}

function createMarker(name: string): FileEntry {
  return { type: 'file', mode: 0o755, bytes: Buffer.from(`a simulated command: ${name}\n`) }
}
