import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { packBuildContext } from '@capstan/build-context'
import { type BuildContext, isHostError } from '@capstan/core'
import { extract, type Header } from 'tar-stream'
import type { DockerClient } from './docker-client.js'
import type { IgnoreInput, TreeItem } from './ignore-inputs.js'

/** Names of the entries of an archive, sorted; `'refused'` when none was made because of a pattern. */
export type Answer = readonly string[] | 'refused'

/** Makes the tree in an empty directory. */
export async function placeTree(directory: string, tree: readonly TreeItem[]): Promise<void> {
  for (const item of tree) {
    const [path = '', target] = item.split(' -> ')
    const location = join(directory, path)
    await mkdir(item.endsWith('/') ? location : dirname(location), { recursive: true })
    if (target !== undefined) await symlink(target, location)
    else if (!item.endsWith('/')) await writeFile(location, path)
  }
}

/** What docker's client sends of the directory with these rules. */
export async function askDocker(client: DockerClient, directory: string, input: IgnoreInput): Promise<Answer> {
  await rm(join(directory, '.dockerignore'), { force: true })
  await writeFile(join(directory, '.dockerignore'), input.rules)
  const sent = await client.send(directory, input.dockerfile)
  if ('archive' in sent) return listNames(Readable.from([sent.archive]))
  if (refusals.test(sent.refusal)) return 'refused'
  throw new Error(`docker build: ${sent.refusal}`)
}

/** What `packBuildContext` makes of it. docker's client sends .dockerignore and the Dockerfile whatever the rules say. */
export async function askCapstan(context: BuildContext, { dockerfile }: IgnoreInput): Promise<Answer> {
  try {
    return await listNames(await packBuildContext(context, { keep: ['.dockerignore', dockerfile] }))
  } catch (error) {
    if (isHostError(error, 'INVALID_ARGUMENT') && error.facts.field.includes('.dockerignore')) return 'refused'
    throw error
  }
}

/** The same tree in memory; `undefined` for one with links or empty directories. */
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

const refusals = /syntax error in pattern|illegal exclusion pattern|token too long|Error matching|is a directory/
