import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { packBuildContext } from '@capstan/build-context'
import { type BuildContext, isHostError } from '@capstan/core'
import { extract, type Header } from 'tar-stream'
import type { DockerClient } from './docker-client.js'
import type { IgnoreInput, TreeItem } from './ignore-inputs.js'

/** The sorted names of an archive's entries, or `'rejected'` because of a pattern. */
export type Answer = readonly string[] | 'rejected'

/** Creates the tree in an empty directory. */
export async function placeTree(directory: string, tree: readonly TreeItem[]): Promise<void> {
  for (const item of tree) {
    const [path = '', target] = item.split(' -> ')
    const location = join(directory, path)
    await mkdir(item.endsWith('/') ? location : dirname(location), { recursive: true })
    if (target !== undefined) await symlink(target, location)
    else if (!item.endsWith('/')) await writeFile(location, path)
  }
}

/** Returns what docker's client sends with these rules. */
export async function askDocker(client: DockerClient, directory: string, input: IgnoreInput): Promise<Answer> {
  await rm(join(directory, '.dockerignore'), { force: true })
  await writeFile(join(directory, '.dockerignore'), input.rules)
  const sent = await client.send(directory, input.dockerfile)
  if ('archive' in sent) return listNames(Readable.from([sent.archive]))
  if (patternErrors.test(sent.error)) return 'rejected'
  throw new Error(`docker build: ${sent.error}`)
}

/** Returns what `packBuildContext` packs. docker's client always sends .dockerignore and the Dockerfile. */
export async function askCapstan(context: BuildContext, { dockerfile }: IgnoreInput): Promise<Answer> {
  try {
    return await listNames(await packBuildContext(context, { keep: ['.dockerignore', dockerfile] }))
  } catch (error) {
    if (isHostError(error, 'INVALID_ARGUMENT') && error.facts.field.includes('.dockerignore')) return 'rejected'
    throw error
  }
}

/** Converts the tree to files in memory. Returns `undefined` for a tree with links or empty directories. */
export function toMemoryContext(tree: readonly TreeItem[], { rules }: IgnoreInput): BuildContext | undefined {
  const files = tree.filter((item) => !item.endsWith('/'))
  const isPlain = tree.every(
    (item) => !item.includes(' -> ') && (!item.endsWith('/') || files.some((file) => file.startsWith(item))),
  )
  return isPlain
    ? { files: { ...Object.fromEntries(files.map((file) => [file, ''])), '.dockerignore': rules } }
    : undefined
}

export async function readHeaders(tar: Readable): Promise<readonly Header[]> {
  const headers: Header[] = []
  const archive = extract()
  tar.on('error', (error) => archive.destroy(error)).pipe(archive)
  for await (const entry of archive) {
    headers.push(entry.header)
    entry.resume()
  }
  return headers
}

async function listNames(tar: Readable): Promise<readonly string[]> {
  return (await readHeaders(tar)).map(({ name }) => name).sort()
}

const patternErrors = /syntax error in pattern|illegal exclusion pattern|token too long|Error matching|is a directory/
