import type { Duplex, Readable } from 'node:stream'
import { createTerminalInput } from './terminal-input.js'

/**
 * Copies the caller's stream to the process until it ends. The process then reads end-of-file, and its output continues: the
 * connection is half-closed, or at a terminal end-of-transmission is sent. Returns a function that stops the copying; the
 * stream is borrowed, so it is neither closed nor left flowing.
 *
 * One that fails destroys the connection: its begin must not pass for the whole. A process that ended before it read all
 * is no failure: its exit code tells.
 */
export function pumpInput(source: Readable, socket: Duplex, { isTerminal }: PumpInputOptions): () => void {
  const input = isTerminal ? createTerminalInput(socket) : socket
  const fail = (error: Error) => void socket.destroy(new SourceError(error))
  const end = () => void input.end()
  if (source.errored !== null) fail(source.errored)
  if (source.readableEnded || source.destroyed) {
    end()
    return () => {}
  }
  source.on('error', fail).on('close', end)
  source.pipe(input)
  return () => {
    source.unpipe(input)
    source.off('error', fail).off('close', end)
    source.pause()
  }
}

/** Options of `pumpInput`. */
export interface PumpInputOptions {
  readonly isTerminal: boolean
}

/** The caller's own stream failed: not the engine's fault. */
class SourceError extends Error {
  constructor(cause: Error) {
    super(`the stream for the input has failed: ${cause.message}`, { cause })
  }
}
