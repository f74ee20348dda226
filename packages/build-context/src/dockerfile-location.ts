import { posix } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type ContextEntry, parentsOf } from './context-entry.js'
import { toField } from './context-errors.js'
import type { ByteText } from './ignore/byte-text.js'
import { type IgnoreResult, IgnoreRules, ignoreFile } from './ignore/ignore-rules.js'

/** The location of the Dockerfile in the archive. */
export interface DockerfileLocation {
  readonly path: string
  /** Files that are added to the archive or replace files of the context. Empty if the Dockerfile is a file of the context. */
  readonly added: Readonly<Record<string, string | Uint8Array>>
}

/**
 * Finds a location for a Dockerfile in the archive, so that `COPY . .` copies only the files that docker's client would send.
 * Returns the first of these that is possible:
 *
 * 1. A file of the context with the same text.
 * 2. A name that the context's .dockerignore excludes. If .dockerignore excludes the Dockerfile or itself, the classic builder
 *    removes them before the first COPY, and Buildah omits them in COPY.
 * 3. If the context has no .dockerignore: a fixed name, with an added .dockerignore that excludes this name and itself.
 * 4. A fixed name that one more line of .dockerignore excludes. `COPY . .` copies that line, as with docker's client, which adds
 *    a line with a random name for a Dockerfile outside of the context. This cannot be avoided: the builder removes only files
 *    that .dockerignore excludes, and does not restore .dockerignore.
 *
 * The location does not depend on the text of the Dockerfile, so a change of the Dockerfile does not invalidate the cache of
 * COPY.
 */
export async function findDockerfileLocation(
  entries: readonly ContextEntry[],
  { text, replacement = text }: { readonly text: string; readonly replacement?: string | undefined },
): Promise<DockerfileLocation> {
  const own = text === '' ? undefined : await findSameFile(entries, Buffer.from(text))
  if (own !== undefined) return { path: own, added: {} }
  const rules = await readRules(entries)
  const excluded = rules === undefined ? undefined : findExcludedName(entries, rules)
  if (excluded !== undefined) return { path: excluded, added: { [excluded]: replacement } }
  const path = findFreeName(entries)
  const lines = rules === undefined ? Buffer.from(`${ignoreFile}\n`) : endLine(rules)
  return { path, added: { [path]: replacement, [ignoreFile]: Buffer.concat([lines, Buffer.from(`${path}\n`)]) } }
}

async function findSameFile(entries: readonly ContextEntry[], text: Buffer): Promise<string | undefined> {
  const paths = new Set(entries.map(({ path }) => path))
  const files = entries.filter(
    ({ path, type, sizeBytes }) =>
      type === 'file' &&
      sizeBytes === text.byteLength &&
      // Podman parses the parameter as JSON if possible, and reads `<Dockerfile>.dockerignore` in place of .dockerignore.
      !/^(\[|null$)/.test(path) &&
      !paths.has(`${path}.dockerignore`),
  )
  const first = files.filter(({ path }) => path === 'Dockerfile')
  for (const file of [...first, ...files]) if (text.equals(await buffer(file.open()))) return file.path
  return undefined
}

async function readRules(entries: readonly ContextEntry[]): Promise<Buffer | undefined> {
  const own = entries.find(({ path }) => path === ignoreFile)
  const path = own?.linkTarget === undefined ? ignoreFile : posix.normalize(own.linkTarget)
  const file = entries.find((entry) => entry.path === path && entry.type === 'file')
  return file === undefined ? undefined : buffer(file.open())
}

/** Finds an unused name in a directory of the context that the rules exclude. */
function findExcludedName(entries: readonly ContextEntry[], content: Buffer): string | undefined {
  const rules = new IgnoreRules(content, { field: toField('files', ignoreFile), isWindows: false })
  const directories = new Set(entries.filter(({ type }) => type === 'directory').map(({ path }) => path))
  const isTaken = (name: string) => entries.some(({ path }) => path === name || path.startsWith(`${name}/`))
  for (const name of ['Dockerfile', ...rules.patterns.flatMap(toExample)]) {
    const directory = posix.dirname(name)
    const isInside = directory === '.' || directories.has(directory)
    if (isInside && name !== ignoreFile && isExcluded(rules, name) && !isTaken(name)) return name
  }
  return undefined
}

/** Returns a path that the pattern matches. Returns none for a pattern that builders may interpret differently. */
function toExample({ pattern, isException }: { readonly pattern: ByteText; readonly isException: boolean }): string[] {
  if (isException || !/^[\w.*?/-]+$/.test(pattern)) return []
  const name = pattern.replaceAll('**/', '').replaceAll(/\*+|\?/g, 'x')
  return name.split('/').some((part) => ['', '.', '..'].includes(part)) ? [] : [name]
}

function isExcluded(rules: IgnoreRules, path: string): boolean {
  let result: IgnoreResult | undefined
  for (const parent of parentsOf(path)) result = rules.match(parent, result)
  return rules.match(path, result).isIgnored
}

function findFreeName(entries: readonly ContextEntry[]): string {
  const paths = new Set(entries.map(({ path }) => path))
  let name = fixedName
  for (let count = 2; paths.has(name); count += 1) name = `${fixedName}.${count}`
  return name
}

function endLine(content: Buffer): Buffer {
  return content.length === 0 || content.at(-1) === 0x0a ? content : Buffer.concat([content, Buffer.from('\n')])
}

const fixedName = '.capstan.dockerfile'
