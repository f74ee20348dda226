import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** What a test's directory holds: a text is a file, `null` a directory, else a link or a file with a mode. */
export type Tree = Readonly<Record<string, string | null | { link: string } | { text: string; mode: number }>>

/** A directory with this content, removed when the test is over. */
export async function makeTree(tree: Tree): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'capstan context '))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const [path, node] of Object.entries(tree)) await makeNode(join(directory, path), node)
  return directory
}

async function makeNode(location: string, node: Tree[string] & unknown): Promise<void> {
  await mkdir(node === null ? location : dirname(location), { recursive: true })
  if (node === null) return
  if (typeof node === 'string') return writeFile(location, node)
  if ('link' in node) return symlink(node.link, location)
  await writeFile(location, node.text)
  await chmod(location, node.mode)
}
