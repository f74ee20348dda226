import { type ContextEntry, emptyContent, parentsOf } from './context-entry.js'
import { createInvalidError, toField } from './context-errors.js'
import { type ContextNode, walkContext } from './context-walk.js'
import { type ByteText, toByteText } from './ignore/byte-text.js'
import { IgnoreRules, ignoreFile } from './ignore/ignore-rules.js'
import type { ReadContextOptions } from './read-build-context.js'

type Content = string | Uint8Array

/** Lists the entries of files in memory, and of the directories in their paths. */
export async function listMemoryContext(
  files: Readonly<Record<string, Content>>,
  options: ReadContextOptions,
): Promise<readonly ContextEntry[]> {
  if (typeof files !== 'object' || files === null)
    throw createInvalidError('context.files', 'an object of contents by path', files)
  const contents = checkFiles(files)
  const { ignoreFile: own = ignoreFile, dockerignoreText: text, keep } = options
  const name = contents.has(own) ? own : ignoreFile
  const field = text === undefined ? toField('files', name) : 'dockerignoreText'
  const rules = new IgnoreRules(text ?? contents.get(name) ?? '', { field, keep })
  const directories = toDirectories(contents, options)
  return walkContext(async (directory) => [...(directories.get(directory)?.values() ?? [])], rules, options)
}

/** Returns the nodes of each directory by their paths. */
function toDirectories(contents: ReadonlyMap<string, Content>, options: ReadContextOptions) {
  const directories = new Map<ByteText, Map<ByteText, ContextNode>>([['', new Map()]])
  const add = (entry: ContextEntry) => {
    const path = toByteText(entry.path)
    const isDirectory = entry.type === 'directory'
    const siblings = directories.get(path.slice(0, Math.max(path.lastIndexOf('/'), 0)))
    siblings?.set(path, { path, isDirectory, toEntry: async () => entry })
    if (isDirectory && !directories.has(path)) directories.set(path, new Map())
  }
  for (const [path, content] of contents) {
    for (const parent of parentsOf(path)) add(toDirectory(parent))
    add(toFile(path, content, options))
  }
  return directories
}

function checkFiles(files: Readonly<Record<string, Content>>): ReadonlyMap<string, Content> {
  const contents = new Map(Object.entries(files))
  for (const [path, content] of contents) {
    checkRelativePath(path, toField('files', path))
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      throw createInvalidError(toField('files', path), 'a text or bytes', typeof content)
    }
    for (const parent of parentsOf(path)) {
      if (contents.has(parent))
        throw createInvalidError(toField('files', path), `no path below the file "${parent}"`, path)
    }
  }
  return contents
}

/** @throws HostError INVALID_ARGUMENT for a path that is empty, absolute, not normalized, or outside of the context. */
function checkRelativePath(path: string, field: string): void {
  const isWrong = path.includes('\0') || path.split('/').some((part) => part === '' || part === '.' || part === '..')
  if (isWrong) throw createInvalidError(field, 'a relative path inside the context, without "..", "." and NUL', path)
}

function toDirectory(path: string): ContextEntry {
  return { path, type: 'directory', mode: 0o755, sizeBytes: 0, modifiedAt: undefined, open: emptyContent }
}

function toFile(path: string, content: Content, { signal }: ReadContextOptions): ContextEntry {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return {
    path,
    type: 'file',
    mode: isProgram(bytes) ? 0o755 : 0o644,
    sizeBytes: bytes.byteLength,
    modifiedAt: undefined,
    open: async function* () {
      signal?.throwIfAborted()
      if (bytes.byteLength > 0) yield bytes
    },
  }
}

/** Files in memory have no permission bits, so scripts and ELF files are made executable. */
function isProgram(bytes: Uint8Array): boolean {
  return magicNumbers.some((magic) => magic.every((byte, index) => bytes[index] === byte))
}

const magicNumbers: readonly (readonly number[])[] = [
  [0x23, 0x21], // #!
  [0x7f, 0x45, 0x4c, 0x46], // ELF
]
