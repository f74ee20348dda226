import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A fenced block of a document. */
export interface DocumentBlock {
  /** The place of the block, for example `README.md:12`. */
  readonly place: string
  readonly language: string
  readonly text: string
  /** The `text` block directly after it, if there is one: the output of the program. */
  readonly output: string | undefined
}

/** Returns every fenced block of the project's documents. */
export function readBlocks(): readonly DocumentBlock[] {
  return listDocuments().flatMap((path) => parseBlocks(path, readFileSync(`${root}${path}`, 'utf8')))
}

/** Returns the documented output of a program: the `text` block after it, or its comments that show output. */
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
