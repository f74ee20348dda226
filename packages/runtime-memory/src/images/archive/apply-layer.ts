import { posix } from 'node:path'
import { Readable } from 'node:stream'
import type { FileEntry, FileMap } from '../../simulation/files/file-map.js'
import { readTar, type TarEntry } from '../../simulation/files/read-archive.js'

/** Applies a layer to the files. Whiteouts delete files of lower layers. Devices and pipes are skipped. */
export async function applyLayer(files: FileMap, layer: Uint8Array, signal: AbortSignal): Promise<void> {
  for (const entry of await readTar(Readable.from([layer]), signal)) {
    // Joining with the root keeps names such as `../x` inside the container.
    const path = posix.join('/', entry.header.name).replace(/(?<=.)\/$/, '')
    const name = posix.basename(path)
    const directory = posix.dirname(path)
    if (name === opaque) removeBelow(files, directory)
    else if (name.startsWith(whiteout)) removePath(files, posix.join(directory, name.slice(whiteout.length)))
    else addEntry(files, path, entry)
  }
}

function addEntry(files: FileMap, path: string, { header, bytes }: TarEntry): void {
  const linked = header.type === 'link' ? files.get(posix.join('/', header.linkname ?? '')) : undefined
  const entry = linked ?? toFileEntry({ header, bytes })
  if (entry !== undefined && path !== '/') files.set(path, entry)
}

function toFileEntry({ header, bytes }: TarEntry): FileEntry | undefined {
  const { type, linkname = '' } = header
  const mode = (header.mode ?? 0o644) & 0o7777
  if (type === 'file' || type === 'contiguous-file') return { type: 'file', mode, bytes }
  if (type === 'directory') return { type, mode }
  return type === 'symlink' ? { type, target: linkname ?? '' } : undefined
}

function removePath(files: FileMap, path: string): void {
  files.delete(path)
  removeBelow(files, path)
}

function removeBelow(files: FileMap, directory: string): void {
  const prefix = directory === '/' ? '/' : `${directory}/`
  for (const path of [...files.keys()]) if (path.startsWith(prefix)) files.delete(path)
}

/** Names of the OCI layer format: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
const whiteout = '.wh.'
const opaque = '.wh..wh..opq'
