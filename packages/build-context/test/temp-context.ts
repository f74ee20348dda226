import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** The content of a directory by path: a string is a file, `null` a directory, an object a link or a file with a mode. */
export type Tree = Readonly<Record<string, string | null | { link: string } | { text: string; mode: number }>>

/** Creates a directory with this content, and removes it after the test. */
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
