import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isHostError } from '@capstan/core'
import { expect, onTestFinished, test } from 'vitest'
import { type ContextNode, type ListDirectory, walkContext } from '../src/context-walk.js'
import { type ByteText, toByteText } from '../src/ignore/byte-text.js'
import { IgnoreRules } from '../src/ignore/ignore-rules.js'
import { type Answer, askCapstan, placeTree, toMemoryContext } from './docker-client/compare.js'
import { readCorpus, toAnswer } from './docker-client/corpus.js'
import type { IgnoreInput, TreeItem } from './docker-client/ignore-inputs.js'

const { trees, client } = await readCorpus()
const recordedTrees = trees.map((recorded, index) => ({ index, ...recorded }))

test.for(recordedTrees)(
  `selects the entries that docker's client sends for tree $index (${client})`,
  async ({ tree, answers }) => {
    const list = toList(tree)
    for (const recorded of answers) {
      const [rules, dockerfile] = recorded
      const selected = await select(list, { rules, dockerfile })
      expect({ rules, answer: selected }).toEqual({ rules, answer: toAnswer(tree, recorded) })
    }
  },
)

// Each test writes its tree to the disk, so it uses only a sample of the rules.
test.for(recordedTrees)('packs the same entries from a directory and from memory for tree $index', async (given) => {
  const { tree, answers } = given
  const directory = await mkdtemp(join(tmpdir(), 'capstan context '))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await placeTree(directory, tree)
  for (const recorded of answers.filter((_, index) => index % 25 === 0)) {
    const [rules, dockerfile] = recorded
    await writeFile(join(directory, '.dockerignore'), rules)
    const context = toMemoryContext(tree, { rules, dockerfile })
    for (const source of context === undefined ? [{ directory }] : [{ directory }, context]) {
      const answer = await askCapstan(source, { rules, dockerfile })
      expect({ rules, answer }).toEqual({ rules, answer: toAnswer(tree, recorded) })
    }
  }
})

async function select(list: ListDirectory, { rules, dockerfile }: IgnoreInput): Promise<Answer> {
  const options = { field: '.dockerignore', keep: ['.dockerignore', dockerfile], isWindows: false }
  try {
    const entries = await walkContext(list, new IgnoreRules(rules, options), {})
    return entries.map(({ path, type }) => (type === 'directory' ? `${path}/` : path)).sort()
  } catch (error) {
    if (isHostError(error, 'INVALID_ARGUMENT')) return 'rejected'
    throw error
  }
}

/** Lists a tree in memory. A link counts as a file. */
function toList(tree: readonly TreeItem[]): ListDirectory {
  const nodes = new Map<ByteText, ContextNode[]>()
  for (const item of ['.dockerignore', ...tree]) {
    const name = item.replace(/ -> .*$/s, '')
    const path = name.replace(/\/$/, '')
    const type = name === path ? 'file' : 'directory'
    const open = async function* () {}
    const entry = { path, type, mode: 0, sizeBytes: 0, modifiedAt: undefined, open } as const
    const bytes = toByteText(path)
    const directory = bytes.slice(0, Math.max(bytes.lastIndexOf('/'), 0))
    const node = { path: bytes, isDirectory: type === 'directory', toEntry: async () => entry }
    nodes.set(directory, [...(nodes.get(directory) ?? []), node])
  }
  return async (directory) => nodes.get(directory) ?? []
}
