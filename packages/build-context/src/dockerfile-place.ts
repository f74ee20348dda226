import { posix } from 'node:path'
import type { ContextEntry } from './context-entry.js'
import type { ByteText } from './ignore/byte-text.js'
import { IgnoreRules, ignoreFile, type Verdict } from './ignore/ignore-rules.js'
import { toField } from './invalid-entry.js'

/** Where the Dockerfile is in the archive. */
export interface DockerfilePlace {
  readonly path: string
  /** Files that are added to the archive, or replace files of the context. Empty when the Dockerfile is a file of the context. */
  readonly added: Readonly<Record<string, string | Uint8Array>>
}

/**
 * Finds a place for a Dockerfile in the archive where `COPY . .` sees what docker's client would send, and nothing else.
 * The first of these that is possible:
 *
 * 1. A file of the context that has the same text.
 * 2. A name that the context's own rules drop. The classic builder removes the Dockerfile, and .dockerignore, before the
 *    first COPY where .dockerignore drops them; Buildah drops them at COPY.
 * 3. A fixed name, beside a .dockerignore that drops this name and itself, when the context has no .dockerignore.
 * 4. A fixed name that one more line of .dockerignore drops. `COPY . .` sees that line, as with docker's client, which adds a
 *    line with a random name for a Dockerfile from outside of the context. The builder removes only the files that
 *    .dockerignore names, and does not restore .dockerignore, so this cannot be avoided.
 *
 * The place does not depend on the text of the Dockerfile, so a change of the Dockerfile does not invalidate the cache of
 * COPY.
 */
export async function findDockerfilePlace(
  entries: readonly ContextEntry[],
  { text, replacement = text }: { readonly text: string; readonly replacement?: string | undefined },
): Promise<DockerfilePlace> {
  const own = text === '' ? undefined : await findSameFile(entries, Buffer.from(text))
  if (own !== undefined) return { path: own, added: {} }
  const rules = await readRules(entries)
  const dropped = rules === undefined ? undefined : findDroppedName(entries, rules)
  if (dropped !== undefined) return { path: dropped, added: { [dropped]: replacement } }
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
      // Podman parses the parameter as JSON where it can, and reads `<Dockerfile>.dockerignore` in place of .dockerignore.
      !/^(\[|null$)/.test(path) &&
      !paths.has(`${path}.dockerignore`),
  )
  const first = files.filter(({ path }) => path === 'Dockerfile')
  for (const file of [...first, ...files]) if (text.equals(await readBytes(file))) return file.path
  return undefined
}

async function readRules(entries: readonly ContextEntry[]): Promise<Buffer | undefined> {
  const own = entries.find(({ path }) => path === ignoreFile)
  const path = own?.linkTarget === undefined ? ignoreFile : posix.normalize(own.linkTarget)
  const file = entries.find((entry) => entry.path === path && entry.type === 'file')
  return file === undefined ? undefined : readBytes(file)
}

/** A free name that the rules drop, in a directory of the context. */
function findDroppedName(entries: readonly ContextEntry[], content: Buffer): string | undefined {
  const rules = new IgnoreRules(content, { field: toField('files', ignoreFile), keep: [], isWindows: false })
  const directories = new Set(entries.filter(({ type }) => type === 'directory').map(({ path }) => path))
  const isTaken = (name: string) => entries.some(({ path }) => path === name || path.startsWith(`${name}/`))
  for (const name of ['Dockerfile', ...rules.patterns.flatMap(toExample)]) {
    const directory = posix.dirname(name)
    const isInside = directory === '.' || directories.has(directory)
    if (isInside && name !== ignoreFile && drops(rules, name) && !isTaken(name)) return name
  }
  return undefined
}

/** A path that the pattern matches; none for a pattern that another version of a builder may interpret differently. */
function toExample({ pattern, isException }: { readonly pattern: ByteText; readonly isException: boolean }): string[] {
  if (isException || !/^[\w.*?/-]+$/.test(pattern)) return []
  const name = pattern.replaceAll('**/', '').replaceAll(/\*+|\?/g, 'x')
  return name.split('/').some((part) => ['', '.', '..'].includes(part)) ? [] : [name]
}

function drops(rules: IgnoreRules, path: string): boolean {
  let verdict: Verdict | undefined
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
    verdict = rules.judge(path.slice(0, end), verdict)
  }
  return rules.judge(path, verdict).isIgnored
}

function findFreeName(entries: readonly ContextEntry[]): string {
  const paths = new Set(entries.map(({ path }) => path))
  let name = hiddenName
  for (let count = 2; paths.has(name); count += 1) name = `${hiddenName}.${count}`
  return name
}

function endLine(content: Buffer): Buffer {
  return content.length === 0 || content.at(-1) === 0x0a ? content : Buffer.concat([content, Buffer.from('\n')])
}

async function readBytes(entry: ContextEntry): Promise<Buffer> {
  const blocks: Uint8Array[] = []
  for await (const block of entry.open()) blocks.push(block)
  return Buffer.concat(blocks)
}

const hiddenName = '.capstan.dockerfile'
