import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './documents.js'

/** The folder that results from following a guide. */
export interface GuideFolder extends AsyncDisposable {
  readonly path: string
  /** The paths of the files in the guide. */
  readonly files: readonly string[]
  /** Runs a program in the folder. Resolves with its stdout; rejects with its output when it fails. */
  run(program: string, args: readonly string[]): Promise<string>
}

/** Writes the files of a guide, which are the blocks with a language and a path, to a folder in which the packages resolve. */
export async function followGuide(document: string): Promise<GuideFolder> {
  const text = await readFile(join(root, document), 'utf8')
  const path = await mkdtemp(join(root, 'test/docs/.guide-'))
  const blocks = [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)]
  for (const [, file = '', content = ''] of blocks) {
    await mkdir(dirname(join(path, file)), { recursive: true })
    await writeFile(join(path, file), content)
  }
  // The Node options of the test runner must not apply to the programs of the guide.
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

/** Returns the `text` block of a guide that contains the line. */
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
