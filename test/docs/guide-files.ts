import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './documents.js'

/** A guide followed to the letter: the folder that its reader has at the end. */
export interface GuideFolder extends AsyncDisposable {
  readonly path: string
  /** The paths of the files, as the guide names them. */
  readonly files: readonly string[]
  /** Runs a program in the folder; resolves with its stdout, and rejects with all it said when it fails. */
  run(program: string, args: readonly string[]): Promise<string>
}

/** Writes the files of a guide, the blocks that are headed by a language and a path, where the packages are found. */
export async function followGuide(document: string): Promise<GuideFolder> {
  const text = await readFile(join(root, document), 'utf8')
  const path = await mkdtemp(join(root, 'test/docs/.guide-'))
  const blocks = [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)]
  for (const [, file = '', content = ''] of blocks) {
    await mkdir(dirname(join(path, file)), { recursive: true })
    await writeFile(join(path, file), content)
  }
  // Options of the test runner's own process are nothing to the guide's programs.
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env
  return {
    path,
    files: blocks.map(([, file = '']) => file),
    run: async (program, args) => {
      const running = promisify(execFile)(program, args, { cwd: path, env, timeout: 120_000 })
      return (await running.catch(toFullError)).stdout
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** The `text` block of a guide that holds this line. */
export async function readOutput(document: string, line: string): Promise<string> {
  const text = await readFile(join(root, document), 'utf8')
  const blocks = [...text.matchAll(/^```text\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  const found = blocks.find((block) => block.split('\n').includes(line))
  if (found === undefined) throw new Error(`${document} shows no output with the line: ${line}`)
  return found
}

export const tsc: string = join(root, 'node_modules/typescript/bin/tsc')

function toFullError(error: { readonly stdout: string; readonly stderr: string }): never {
  throw new Error(`${String(error)}\n${error.stdout}\n${error.stderr}`)
}
