import { readFile, writeFile } from 'node:fs/promises'
import type { Answer } from './compare.js'
import type { IgnoreInput, TreeItem } from './ignore-inputs.js'

/** Inputs with the answers of docker's client, recorded by `ignore-rules.integration.test.ts`. */
export interface Corpus {
  readonly client: string
  readonly trees: readonly RecordedTree[]
}

interface RecordedTree {
  readonly tree: readonly TreeItem[]
  readonly answers: readonly RecordedAnswer[]
}

/** Rules, Dockerfile, and the sent items as a hexadecimal number: bit `n` for item `n`. `null`: rejected. */
type RecordedAnswer = readonly [rules: string, dockerfile: string, sent: string | null]

export async function readCorpus(): Promise<Corpus> {
  return JSON.parse(await readFile(location, 'utf8'))
}

/** Writes one answer per line. */
export async function writeCorpus({ client, trees }: Corpus): Promise<void> {
  const blocks = trees.map(({ tree, answers }) => {
    const lines = answers.map((answer) => JSON.stringify(answer))
    return `{"tree":${JSON.stringify(tree)},"answers":[\n${lines.join(',\n')}]}`
  })
  await writeFile(location, `{"client":${JSON.stringify(client)},"trees":[\n${blocks.join(',\n')}\n]}\n`)
}

export function toRecorded(
  tree: readonly TreeItem[],
  { rules, dockerfile }: IgnoreInput,
  answer: Answer,
): RecordedAnswer {
  if (answer === 'rejected') return [rules, dockerfile, null]
  const sent = new Set(answer)
  const bits = tree.reduce((sum, item, index) => sum | (sent.has(toName(item)) ? 1n << BigInt(index) : 0n), 0n)
  return [rules, dockerfile, bits.toString(16)]
}

export function toAnswer(tree: readonly TreeItem[], [, , sent]: RecordedAnswer): Answer {
  if (sent === null) return 'rejected'
  const bits = BigInt(`0x${sent}`)
  const names = tree.filter((_, index) => (bits >> BigInt(index)) & 1n).map(toName)
  return [...names, '.dockerignore'].sort()
}

function toName(item: TreeItem): string {
  return item.replace(/ -> .*$/s, '')
}

const location = new URL('../fixtures/ignore-corpus.json', import.meta.url)
