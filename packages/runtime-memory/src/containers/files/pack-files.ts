import { posix } from 'node:path'
import { toOwnerFields } from '@capstan/build-context'
import { type Pack, pack } from 'tar-stream'
import type { ContainerFiles } from '../../simulation/files/container-files.js'
import type { FileEntry } from '../../simulation/files/file-map.js'

/** Packs the file or directory at a path as tar, while the chunks are read. The names begin with the base name of the path. */
export async function* packFiles(
  files: ContainerFiles,
  path: string,
  { hasOwners }: { readonly hasOwners: boolean },
): AsyncGenerator<Uint8Array, void> {
  const archive = pack()
  const filling = fill(archive, listEntries(files, path, posix.basename(path)), hasOwners)
  filling.catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))))
  try {
    // The type declarations of tar-stream do not say that the chunks are bytes.
    for await (const block of archive as AsyncIterable<Uint8Array>) yield block
  } finally {
    archive.destroy()
  }
}

interface NamedEntry {
  readonly name: string
  readonly entry: FileEntry
}

async function* listEntries(files: ContainerFiles, path: string, name: string): AsyncGenerator<NamedEntry> {
  const entry = await files.findLink(path)
  if (entry === undefined) return
  if (name !== '') yield { name, entry }
  if (entry.type !== 'directory') return
  for (const child of await files.list(path)) {
    yield* listEntries(files, posix.join(path, child), posix.join(name, child))
  }
}

async function fill(archive: Pack, entries: AsyncIterable<NamedEntry>, hasOwners: boolean): Promise<void> {
  for await (const { name, entry } of entries) {
    const { type, modifiedAt: mtime = new Date(0), uid = 0, gid = 0 } = entry
    const owner = hasOwners ? toOwnerFields({ uid, gid }) : {}
    const bytes = entry.type === 'file' ? Buffer.from(entry.bytes) : Buffer.alloc(0)
    const header = {
      name: type === 'directory' ? `${name}/` : name,
      type,
      // The library treats mode 0 as absent. The file type bit avoids that, and is not written to the archive.
      mode: (entry.type === 'symlink' ? 0o777 : entry.mode) | 0o100000,
      mtime,
      ...owner,
      ...(entry.type === 'symlink' && { linkname: entry.target }),
    }
    await new Promise<void>((resolve, reject) => {
      archive.entry(header, bytes, (error) => (error ? reject(error) : resolve()))
    })
  }
  archive.finalize()
}
