import type { LogChunk, LogStream } from '@capstan/core'
import { within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { ConformanceFailure } from '../conformance-failure.js'

/** Reads a log stream to its end. */
export async function readLogs(stream: LogStream): Promise<readonly LogChunk[]> {
  const chunks: LogChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

/** Concatenates the bytes of the chunks, of one source or of all. */
export function toLogBytes(chunks: readonly LogChunk[], source?: LogChunk['source']): Buffer {
  const wanted = source === undefined ? chunks : chunks.filter((chunk) => chunk.source === source)
  return Buffer.concat(wanted.map(({ bytes }) => bytes))
}

export function toLogText(chunks: readonly LogChunk[], source?: LogChunk['source']): string {
  return toLogBytes(chunks, source).toString('utf8')
}

/** Reads the log of the container so far. */
export async function readLogText({ runtime, signal }: CaseContext, id: string): Promise<string> {
  return Buffer.from(await runtime.containerLogsAll(id, { signal })).toString('utf8')
}

/** Waits until the container has printed the text. */
export async function untilLogged({ runtime, signal }: CaseContext, id: string, text: string): Promise<void> {
  const stream = await runtime.containerLogs(id, { follow: true, signal })
  const search = async () => {
    let seen = ''
    for await (const { bytes } of stream) {
      seen += Buffer.from(bytes).toString('utf8')
      if (seen.includes(text)) return
    }
    throw new ConformanceFailure(`"${text}" in the followed log`, `its end after ${JSON.stringify(seen)}`)
  }
  await within(limitMs, `"${text}" in the followed log`, search()).finally(() => stream[Symbol.asyncDispose]())
}

const limitMs = 10_000
