import { posix } from 'node:path'
import { readOwner } from '@capstan/build-context'
import type { OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { Header } from 'tar-stream'
import type { ContainerFiles } from '../../simulation/files/container-files.js'
import { createFileError, type FileEntry } from '../../simulation/files/file-map.js'
import { readArchive, type TarEntry } from '../../simulation/files/read-archive.js'

/**
 * Extracts an archive into a directory of a container. Rejects with OPERATION_FAILED for an invalid archive, and for an entry
 * that cannot be written.
 */
export async function extractArchive(
  files: ContainerFiles,
  directory: string,
  tar: AsyncIterable<Uint8Array>,
  { id, signal }: OperationOptions & { readonly id: string; readonly signal: AbortSignal },
): Promise<void> {
  const fail = (reason: string, cause?: unknown) =>
    createHostError('OPERATION_FAILED', { operation: 'putArchive', subject: id, status: undefined, reason }, { cause })
  if (await files.isReadOnly(directory)) throw fail(`"${directory}" is on a read-only filesystem`)
  const entries = await readArchive(tar, { signal, toError: fail })
  for (const entry of entries) {
    signal.throwIfAborted()
    try {
      await extract(files, directory, entry)
    } catch (cause) {
      throw fail(cause instanceof Error ? cause.message : String(cause), cause)
    }
  }
}

async function extract(files: ContainerFiles, directory: string, { header, bytes }: TarEntry): Promise<void> {
  const path = toPath(directory, header.name)
  await createParents(files, posix.dirname(path))
  if (header.type !== 'link') return await files.put(path, toFileEntry(header, bytes))
  const target = toPath(directory, header.linkname ?? '')
  const linked = await files.findLink(target)
  if (linked === undefined || linked.type === 'directory') throw createFileError('ENOENT', target)
  await files.put(path, linked)
}

async function createParents(files: ContainerFiles, path: string): Promise<void> {
  if ((await files.find(path)) !== undefined) return
  await createParents(files, posix.dirname(path))
  await files.put(path, { type: 'directory', mode: 0o755 })
}

function toPath(directory: string, name: string): string {
  if (name.split('/').includes('..')) throw new Error(`the name "${name}" leads out of "${directory}"`)
  return posix.join(directory, name).replace(/(?<=.)\/$/, '')
}

function toFileEntry(header: Header, bytes: Uint8Array): FileEntry {
  const { name, type, linkname, mode = 0o644, mtime } = header
  const attributes = { mode: mode & 0o7777, ...readOwner(header), ...(mtime && { modifiedAt: mtime }) }
  if (type === 'file' || type === 'contiguous-file') return { ...attributes, type: 'file', bytes }
  if (type === 'directory') return { ...attributes, type }
  if (type === 'symlink') return { ...attributes, type, target: linkname ?? '' }
  throw new Error(`"${name}" is a ${type ?? 'file of an unknown type'}, which the simulation does not have`)
}
