import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Dice } from '../../../test/support/dice.js'
import { type Answer, askCapstan, askDocker, placeTree, toMemoryContext } from './docker-client/compare.js'
import { toRecorded, writeCorpus } from './docker-client/corpus.js'
import { DockerClient, findVersion } from './docker-client/docker-client.js'
import { createInput, createTree, type IgnoreInput, type TreeItem } from './docker-client/ignore-inputs.js'
import { longRules, writtenRules, writtenTree } from './docker-client/written-rules.js'

const client = await findVersion()
if ('problem' in client) console.warn(`Comparisons with docker's client are skipped: ${client.problem}`)

describe.skipIf('problem' in client)("docker's client", () => {
  test('sends the same entries of generated trees with generated rules, and rejects the same rules', async () => {
    const seed = Number(process.env.CAPSTAN_IGNORE_SEED ?? 1)
    const wanted = Number(process.env.CAPSTAN_IGNORE_INPUTS ?? 150)
    const dice = new Dice(seed)
    const counts = { inputs: 0, inMemory: 0, rejected: 0, withoutDockerfile: 0 }
    const differences: unknown[] = []
    while (counts.inputs < wanted && differences.length < 10) {
      const tree = createTree(dice)
      await compareTree(tree, inputsFor(dice, tree), ({ input, docker, capstan, memory }) => {
        counts.inputs += 1
        if (docker === 'rejected') counts.rejected += 1
        if (memory !== undefined) counts.inMemory += 1
        const isLost = docker !== 'rejected' && !docker.includes(input.dockerfile)
        if (isLost) counts.withoutDockerfile += 1
        for (const answer of [capstan, memory ?? capstan]) {
          // docker's client may omit the Dockerfile itself, which no engine can build. The other entries are compared.
          const ours = isLost && answer !== 'rejected' ? answer.filter((name) => name !== input.dockerfile) : answer
          if (JSON.stringify(ours) !== JSON.stringify(docker)) differences.push({ tree, input, docker, ours })
        }
      })
    }
    console.info(`seed ${seed}: ${JSON.stringify({ ...counts, differences: differences.length })}`)
    expect(differences).toEqual([])
  }, 7_200_000)

  test('accepts and rejects the same long lines', async () => {
    const inputs = longRules.map((rules) => ({ rules, dockerfile: 'Dockerfile' }))
    await compareTree(['Dockerfile', 'src', 'x'], inputs, ({ input, docker, capstan }) => {
      expect({ lines: toLengths(input.rules), answer: capstan }).toEqual({
        lines: toLengths(input.rules),
        answer: docker,
      })
    })
  }, 120_000)

  const isRecording = process.env.CAPSTAN_RECORD_IGNORE_CORPUS !== undefined
  if (isRecording)
    test('is recorded', async () => {
      const dice = new Dice(20)
      const trees = Array.from({ length: 90 }, () => createTree(dice)).filter(
        ({ length }) => length > 25 && length < 80,
      )
      const inputs = trees.slice(0, 14).map((tree) => ({ tree, inputs: inputsFor(dice, tree) }))
      const written = writtenRules.map((rules) => ({ rules, dockerfile: 'Dockerfile' }))
      const recorded = []
      for (const item of [{ tree: writtenTree, inputs: written }, ...inputs]) {
        const answers: ReturnType<typeof toRecorded>[] = []
        await compareTree(item.tree, item.inputs, ({ input, docker }) =>
          answers.push(toRecorded(item.tree, input, docker)),
        )
        recorded.push({ tree: item.tree, answers })
      }
      await writeCorpus({ client: 'version' in client ? client.version : '', trees: recorded })
    }, 7_200_000)
})

interface Comparison {
  readonly input: IgnoreInput
  readonly docker: Answer
  readonly capstan: Answer
  readonly memory: Answer | undefined
}

async function compareTree(
  tree: readonly TreeItem[],
  inputs: readonly IgnoreInput[],
  onCompared: (comparison: Comparison) => void,
): Promise<void> {
  await using docker = await DockerClient.start()
  const directory = await mkdtemp(join(tmpdir(), 'capstan context '))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await placeTree(directory, tree)
  for (const input of inputs) {
    const answer = await askDocker(docker, directory, input)
    const context = toMemoryContext(tree, input)
    const memory = context === undefined ? undefined : await askCapstan(context, input)
    onCompared({ input, docker: answer, capstan: await askCapstan({ directory }, input), memory })
  }
}

function inputsFor(dice: Dice, tree: readonly TreeItem[]): readonly IgnoreInput[] {
  return Array.from({ length: 50 }, () => createInput(dice, tree))
}

function toLengths(rules: string): string {
  return rules
    .split('\n')
    .map((line) => `${line.length} × ${JSON.stringify(line[0])}`)
    .join(', ')
}
