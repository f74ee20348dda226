import type { Writable } from 'node:stream'
import type { UpgradedConnection } from '../docker-engine.js'
import { BorrowedOutput, DestinationError } from './borrowed-output.js'
import { FrameParser } from './frame-parser.js'
import { readWhole } from './read-whole.js'

/**
 * Copies the output of a process to the caller's streams until it ends, no faster than they take it, and waits until
 * they have dealt with all of it. A stream that is not given is dropped, so that it does not hold the other one up.
 *
 * Rejects with the raw error of the connection, after the streams have dealt with what came before it, or with an error
 * that says which stream of the caller failed.
 */
export async function pumpOutput({ socket, head }: UpgradedConnection, options: PumpOptions): Promise<void> {
  const { isTerminal, signal } = options
  const [stdout, stderr] = [options.stdout, options.stderr].map((stream) => stream && new BorrowedOutput(stream))
  const outputs = [stdout, stderr].filter((output) => output !== undefined)
  const parser = new FrameParser((source, bytes) => (source === 'stdout' ? stdout : stderr)?.write(bytes))
  const push = isTerminal ? (chunk: Buffer) => stdout?.write(chunk) : (chunk: Buffer) => parser.push(chunk)
  try {
    if (head.length > 0) push(head)
    for (const output of outputs) if (output.isFull) await output.drained(signal)
    for await (const chunk of readWhole(socket, signal)) {
      push(chunk)
      for (const output of outputs) if (output.isFull) await output.drained(signal)
    }
    parser.end()
    for (const output of outputs) await output.flushed(signal)
  } catch (error) {
    if (!(error instanceof DestinationError)) await deliverRest(outputs, signal)
    throw error
  } finally {
    for (const output of outputs) output.release()
  }
}

/** Waits for the streams before a failure of the connection is told; an abort, or a stream that fails too, ends that. */
async function deliverRest(outputs: readonly BorrowedOutput[], signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return
  await Promise.allSettled(outputs.map((output) => output.flushed(signal)))
}

export interface PumpOptions {
  readonly isTerminal: boolean
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  readonly signal: AbortSignal | undefined
}
