import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { type AttachOptions, untilAborted } from '@capstan/core'
import type { RecordedChunk } from './output-record.js'

/** Hands the output on, no faster than it is taken. The outputs are borrowed: they are not ended. */
export async function deliver(
  chunks: AsyncIterable<RecordedChunk>,
  { stdout, stderr }: Pick<AttachOptions, 'stdout' | 'stderr'>,
  signal: AbortSignal,
): Promise<void> {
  for await (const { source, bytes } of chunks) {
    const output = source === 'stdout' ? stdout : stderr
    if (output !== undefined) await write(output, bytes, signal)
  }
}

async function write(output: Writable, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (output.destroyed || output.writableEnded || output.write(bytes)) return
  // One that is closed takes nothing more, and holds nobody up.
  const taken = Promise.race([once(output, 'drain'), once(output, 'close')])
  await untilAborted(
    taken.catch(() => {}),
    signal,
  )
}
