import type { ContextEntry } from '@capstan/build-context'
import type { FileEntry, FileMap, ReadonlyFileMap } from '../files/file-map.js'
import { requireBase } from './base-image.js'
import type { InstructionCall } from './build-stage.js'

/** The files that a COPY copies from: those of the stage or image that `--from` names, else the context's. */
export async function readSource(call: InstructionCall): Promise<ReadonlyFileMap> {
  const { build, instruction } = call
  const from = instruction.flags.get('from')
  if (from !== undefined) return withDirectories((await requireBase(build, from, instruction)).files)
  const files: FileMap = new Map()
  for (const entry of build.context.values()) files.set(`/${entry.path}`, await toFileEntry(entry))
  return files
}

async function toFileEntry({ type, mode, linkTarget, open }: ContextEntry): Promise<FileEntry> {
  if (type === 'symlink') return { type, target: linkTarget ?? '' }
  if (type === 'directory') return { type, mode }
  const chunks: Uint8Array[] = []
  for await (const chunk of open()) chunks.push(chunk)
  return { type, mode, bytes: Buffer.concat(chunks) }
}

/** With an entry for each directory that the paths name. */
function withDirectories(files: ReadonlyFileMap): ReadonlyFileMap {
  const all: FileMap = new Map()
  for (const [path, entry] of files) {
    for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) {
      const directory = path.slice(0, end)
      if (!files.has(directory)) all.set(directory, { type: 'directory', mode: 0o755 })
    }
    all.set(path, entry)
  }
  return all
}
