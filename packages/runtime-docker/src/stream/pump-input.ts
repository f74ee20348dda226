import type { Duplex, Readable } from 'node:stream'

/**
 * Copies the caller's stream to the process until it ends, and half-closes then: the process reads end-of-file, and its
 * output goes on. Returns what ends the copying; the stream is borrowed, so it is neither closed nor left flowing.
 *
 * A process that ended before it read all is no failure: its exit code tells.
 */
export function pumpInput(source: Readable, socket: Duplex): () => void {
  if (source.readableEnded || source.destroyed) {
    socket.end()
    return () => {}
  }
  const fail = () => socket.end()
  source.on('error', fail).on('close', fail)
  source.pipe(socket)
  return () => {
    source.unpipe(socket)
    source.off('error', fail).off('close', fail)
    source.pause()
  }
}
