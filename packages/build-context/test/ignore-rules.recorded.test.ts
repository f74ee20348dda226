import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askCapstan, placeTree, toMemoryContext } from './docker-client/compare.js'
import { readCorpus, toAnswer } from './docker-client/corpus.js'

const { trees, client } = await readCorpus()

test.for(trees.map((recorded, index) => ({ index, ...recorded })))(
  `packs what docker's client sends of the recorded tree $index (${client})`,
  async ({ tree, answers }) => {
    const directory = await mkdtemp(join(tmpdir(), 'capstan context '))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    await placeTree(directory, tree)
    for (const recorded of answers) {
      const [rules, dockerfile] = recorded
      const expected = { rules, answer: toAnswer(tree, recorded) }
      await writeFile(join(directory, '.dockerignore'), rules)
      expect({ rules, answer: await askCapstan({ directory }, { rules, dockerfile }) }).toEqual(expected)
      const context = toMemoryContext(tree, { rules, dockerfile })
      if (context === undefined) continue
      expect({ rules, answer: await askCapstan(context, { rules, dockerfile }) }).toEqual(expected)
    }
  },
)
