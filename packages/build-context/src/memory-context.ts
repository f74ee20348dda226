import type { ContextEntry } from './context-entry.js'
import { createIgnoreRules, type IgnoreRules, ignoreFile } from './ignore-rules.js'
import { refuse, toField } from './invalid-entry.js'
import { compareNames } from './name-order.js'
import type { ReadContextOptions } from './read-build-context.js'

type Content = string | Uint8Array

/** The entries of files in memory; the directories that their paths name come with them. */
export function listMemoryContext(
  files: Readonly<Record<string, Content>>,
  options: ReadContextOptions,
): readonly ContextEntry[] {
  if (typeof files !== 'object' || files === null) throw refuse('context.files', 'an object: path to content', files)
  const contents = checkFiles(files)
  const { ignoreFile: own = ignoreFile } = options
  const name = contents.has(own) ? own : ignoreFile
  const rules = createIgnoreRules(toText(contents.get(name)), {
    field: toField('files', name),
    keep: options.keep ?? [],
  })
  return toEntries(contents, rules, options)
}

function checkFiles(files: Readonly<Record<string, Content>>): ReadonlyMap<string, Content> {
  const contents = new Map(Object.entries(files))
  for (const [path, content] of contents) {
    checkRelativePath(path, toField('files', path))
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      throw refuse(toField('files', path), 'a text or bytes', typeof content)
    }
    for (const parent of parentsOf(path)) {
      if (contents.has(parent)) throw refuse(toField('files', path), `no path below the file "${parent}"`, path)
    }
  }
  return contents
}

/** Throws INVALID_ARGUMENT for a path that is absolute, empty, not in its shortest form, or leaves where it starts. */
export function checkRelativePath(path: string, field: string): void {
  const isWrong = path.includes('\0') || path.split('/').some((part) => part === '' || part === '.' || part === '..')
  if (isWrong) throw refuse(field, 'a relative path inside the context, without "..", "." and NUL', path)
}

function toEntries(
  contents: ReadonlyMap<string, Content>,
  rules: IgnoreRules,
  options: ReadContextOptions,
): readonly ContextEntry[] {
  const entries = new Map<string, ContextEntry>()
  for (const [path, content] of contents) {
    const isKept = !rules.ignores(path)
    for (const parent of parentsOf(path)) {
      if (isKept || !rules.ignores(parent)) entries.set(parent, toDirectory(parent))
    }
    if (isKept) entries.set(path, toFile(path, content, options))
  }
  return [...entries.values()].sort((one, other) => comparePaths(one.path, other.path))
}

function toDirectory(path: string): ContextEntry {
  return { path, type: 'directory', mode: 0o755, sizeBytes: 0, modifiedAt: undefined, open: nothing }
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

/** Memory has no permission bits, and a program without them does not start: a script or an ELF file gets them. */
function isProgram(bytes: Uint8Array): boolean {
  return programMarks.some((mark) => mark.every((byte, index) => bytes[index] === byte))
}

export async function* nothing(): AsyncIterable<Uint8Array> {}

function* parentsOf(path: string): Iterable<string> {
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) yield path.slice(0, end)
}

function comparePaths(one: string, other: string): number {
  const ones = one.split('/')
  const others = other.split('/')
  for (const [index, name] of ones.entries()) {
    const counterpart = others[index]
    if (counterpart === undefined) return 1
    const order = compareNames(name, counterpart)
    if (order !== 0) return order
  }
  return ones.length - others.length
}

function toText(content: Content | undefined): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content)
}

const programMarks: readonly (readonly number[])[] = [
  [0x23, 0x21], // #!
  [0x7f, 0x45, 0x4c, 0x46], // ELF
]
