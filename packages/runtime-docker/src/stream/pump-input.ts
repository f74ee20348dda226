import type { Duplex, Readable } from 'node:stream'

/**
 * Copies the caller's stream to the process until it ends, and half-closes then: the process reads end-of-file, and its
 * output goes on. Returns what ends the copying; the stream is borrowed, so it is neither closed nor left flowing.
 *
 * One that fails destroys the connection: its begin must not pass for the whole. A process that ended before it read all
 * is no failure: its exit code tells.
 */
export function pumpInput(source: Readable, socket: Duplex): () => void {
  const fail = (error: Error) => void socket.destroy(new SourceError(error))
  const end = () => void socket.end()
  if (source.errored !== null) fail(source.errored)
  if (source.readableEnded || source.destroyed) {
    end()
    return () => {}
  }
  source.on('error', fail).on('close', end)
  source.pipe(socket)
  return () => {
    source.unpipe(socket)
    source.off('error', fail).off('close', end)
    source.pause()
  }
}

/** The caller's own stream failed: not the engine's fault. */
class SourceError extends Error {
  constructor(cause: Error) {
    super(`the stream for the input has failed: ${cause.message}`, { cause })
  }
}
