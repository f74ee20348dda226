import type { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { untilAborted } from '@capstan/core/plugin'
import type { MemoryProcess } from '../memory-program.js'

/** Resolves when the output took it. */
export function write(output: Writable, content: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(content, (error) => (error ? reject(error) : resolve()))
  })
}

/** What comes in on stdin, until its end; a signal ends the waiting. The stream is left as it is when the reader leaves. */
export async function* readInput({ stdin, signal }: Pick<MemoryProcess, 'stdin' | 'signal'>): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Uint8Array | string> = stdin.iterator({ destroyOnReturn: false })
  for (;;) {
    const { done, value } = await untilAborted(chunks.next(), signal)
    if (done === true) return
    yield Buffer.from(value)
  }
}

/** The same of each file named, or of stdin where none is, or `-`. */
export async function* readFiles(process: MemoryProcess, paths: readonly string[]): AsyncGenerator<Buffer> {
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') yield* readInput(process)
    else yield Buffer.from(await process.files.read(path))
  }
}

/** Stdin line by line, each without its line end. */
export async function* readLines(process: MemoryProcess): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of readInput(process)) {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  rest += decoder.end()
  if (rest !== '') yield rest
}

/** Ends the command as one whose use or whose file was wrong: `name: text` on stderr, and a code. */
export async function fail({ argv, stderr }: MemoryProcess, error: unknown, code = 1): Promise<number> {
  const text = error instanceof Error ? error.message : String(error)
  await write(stderr, `${argv[0] ?? ''}: ${text}\n`)
  return code
}

/** 0, or 1 and the error's text for a file that cannot be read. */
export async function attempt(process: MemoryProcess, work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return 0
  } catch (error) {
    process.signal.throwIfAborted()
    return await fail(process, error)
  }
}
