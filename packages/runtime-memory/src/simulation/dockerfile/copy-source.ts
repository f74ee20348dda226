import { buffer } from 'node:stream/consumers'
import type { ContextEntry } from '@capstan/build-context'
import type { FileEntry } from '../files/file-map.js'
import type { InstructionCall } from './build-stage.js'
import { resolveImage } from './resolve-image.js'

/** The source of a COPY: its paths, and their entries, which are read on demand. */
export interface CopySource {
  readonly paths: ReadonlyMap<string, Pick<FileEntry, 'type'>>
  read(path: string): Promise<FileEntry | undefined>
}

/** Opens the stage or image that `--from` names, or the context. */
export async function openSource({ build, instruction }: InstructionCall): Promise<CopySource> {
  const from = instruction.flags.get('from')
  if (from !== undefined) {
    const paths = withDirectories((await resolveImage(build, from, instruction)).files)
    return { paths, read: async (path) => paths.get(path) }
  }
  const paths = withDirectories(new Map([...build.context.values()].map((entry) => [`/${entry.path}`, entry])))
  const read = async (path: string) => {
    const entry = paths.get(path)
    return entry === undefined || !('open' in entry) ? entry : await toFileEntry(entry)
  }
  return { paths, read }
}

async function toFileEntry({ type, mode, linkTarget, open }: ContextEntry): Promise<FileEntry> {
  if (type === 'symlink') return { type, target: linkTarget ?? '' }
  if (type === 'directory') return { type, mode }
  return { type, mode, bytes: await buffer(open()) }
}

/** Adds an entry for each directory that the paths name. */
function withDirectories<T>(files: ReadonlyMap<string, T>): ReadonlyMap<string, T | DirectoryEntry> {
  const all = new Map<string, T | DirectoryEntry>()
  for (const [path, entry] of files) {
    for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) {
      const directory = path.slice(0, end)
      if (!files.has(directory)) all.set(directory, { type: 'directory', mode: 0o755 })
    }
    all.set(path, entry)
  }
  return all
}

type DirectoryEntry = Extract<FileEntry, { readonly type: 'directory' }>
