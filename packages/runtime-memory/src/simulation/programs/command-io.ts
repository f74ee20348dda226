import type { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { untilAborted } from '@capstan/core/plugin'
import type { MemoryProcess } from '../memory-program.js'

/** Writes content and resolves when the output has consumed it. */
export function write(output: Writable, content: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(content, (error) => (error ? reject(error) : resolve()))
  })
}

/** Yields the chunks of stdin until its end. A signal ends the wait. The stream stays open when the reader stops. */
export async function* readInput({ stdin, signal }: Pick<MemoryProcess, 'stdin' | 'signal'>): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Uint8Array | string> = stdin.iterator({ destroyOnReturn: false })
  for (;;) {
    const { done, value } = await untilAborted(chunks.next(), signal)
    if (done === true) return
    yield Buffer.from(value)
  }
}

/** Yields the content of each file. Without files, and for `-`, reads stdin. */
export async function* readFiles(process: MemoryProcess, paths: readonly string[]): AsyncGenerator<Buffer> {
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') yield* readInput(process)
    else yield Buffer.from(await process.files.read(path))
  }
}

/** Yields the lines of stdin without their newlines. */
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

/** Writes `name: message` to stderr and resolves with an exit code. */
export async function fail({ argv, stderr }: MemoryProcess, error: unknown, code = 1): Promise<number> {
  const text = error instanceof Error ? error.message : String(error)
  await write(stderr, `${argv[0] ?? ''}: ${text}\n`)
  return code
}

/** Resolves with 0, or writes the error and resolves with 1. */
export async function reportErrors(process: MemoryProcess, work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return 0
  } catch (error) {
    process.signal.throwIfAborted()
    return await fail(process, error)
  }
}
