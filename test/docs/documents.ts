import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A fenced block of a document. */
export interface DocumentBlock {
  /** Where it stands: `README.md:12`. */
  readonly place: string
  readonly language: string
  readonly text: string
  /** The `text` block right behind it, where there is one: what it prints. */
  readonly output: string | undefined
}

/** Every fenced block of the project's documents. */
export function readBlocks(): readonly DocumentBlock[] {
  return listDocuments().flatMap((path) => parseBlocks(path, readFileSync(`${root}${path}`, 'utf8')))
}

/** What a program prints by its own account: the `text` block behind it, else its comments that stand as output. */
export function toExpectedOutput({ text, output }: DocumentBlock): string {
  if (output !== undefined) return output
  const lines = text
    .split('\n')
    .flatMap((line) => /^\/\/ (.*)$|^console\.log\(.*\) \/\/ (.*)$/.exec(line)?.slice(1) ?? [])
  return lines.filter((line) => line !== undefined).join('\n')
}

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

function parseBlocks(path: string, document: string): readonly DocumentBlock[] {
  const blocks = [...document.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
  return blocks.map((block, index) => {
    const next = blocks[index + 1]
    const between = document.slice(block.index + block[0].length, next?.index)
    const isOutput = next?.[1] === 'text' && between.trim().split('\n').length <= 1
    const line = document.slice(0, block.index).split('\n').length
    const [, language = '', text = ''] = block
    return {
      place: `${path}:${line}`,
      language,
      text: text.trimEnd(),
      output: isOutput ? next[2]?.trimEnd() : undefined,
    }
  })
}

/** The paths of the project's documents, relative to {@link root}. */
export function listDocuments(): readonly string[] {
  const readmes = ['packages', 'examples'].flatMap((folder) =>
    listFiles(folder).map((name) => `${folder}/${name}/README.md`),
  )
  const docs = listFiles('docs', { recursive: true }).map((name) => `docs/${name}`)
  return [...listFiles('.'), ...readmes, ...docs].filter((path) => path.endsWith('.md') && existsSync(`${root}${path}`))
}

function listFiles(folder: string, options?: { readonly recursive: true }): readonly string[] {
  return readdirSync(`${root}${folder}`, { encoding: 'utf8', recursive: false, ...options })
}
