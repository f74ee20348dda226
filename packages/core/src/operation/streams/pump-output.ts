import type { AttachOptions } from '../../contract/container/attach.js'
import type { OperationOptions } from '../../contract/operation.js'
import type { OperationNames } from '../operation-scope.js'
import { CallerStreamWriter } from './caller-stream-writer.js'

/**
 * Copies the output of a process to streams with back-pressure, until it ends and the streams have processed all of it. Does
 * not end the streams. Output for a stream that is not given is discarded.
 *
 * Rejects with the error of `chunks` after the streams have processed the output before it, with OPERATION_FAILED when a
 * stream fails, and with the reason of an abort immediately while it waits for a stream. `chunks`
 * must reject on an abort itself.
 */
export async function pumpOutput(
  chunks: AsyncIterable<OutputChunk>,
  { stdout, stderr }: Pick<AttachOptions, 'stdout' | 'stderr'>,
  call: OperationNames & OperationOptions,
): Promise<void> {
  const { signal } = call
  const writers = {
    stdout: stdout && new CallerStreamWriter(stdout, call),
    stderr: stderr && new CallerStreamWriter(stderr, call),
  }
  const all = Object.values(writers).filter((writer) => writer !== undefined)
  const flush = () => all.map((writer) => writer.waitForWrites(signal))
  try {
    for (const writer of all) await writer.waitForDrain(signal)
    for await (const { source, bytes } of chunks) {
      const writer = writers[source]
      writer?.write(bytes)
      await writer?.waitForDrain(signal)
    }
    await Promise.all(flush())
  } catch (error) {
    if (!signal?.aborted && !all.some(({ isBroken }) => isBroken)) await Promise.allSettled(flush())
    throw error
  } finally {
    for (const writer of all) writer.release()
  }
}

/** A piece of the output of a process. */
export interface OutputChunk {
  readonly source: 'stdout' | 'stderr'
  readonly bytes: Uint8Array
}
