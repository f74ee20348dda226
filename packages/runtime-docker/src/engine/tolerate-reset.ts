import type { Duplex } from 'node:stream'

/**
 * Makes a socket treat a connection reset as the end of its input, and discard data written after it.
 *
 * When a process exits before it has read all of its stdin, the engine closes a connection with unread bytes, which the
 * kernel reports as EPIPE or ECONNRESET. Node would then destroy the socket and discard the last output of the process,
 * which has already arrived. As after every end, the caller must ask the engine whether the process has exited, since
 * an engine that crashes also ends its connections cleanly.
 */
export function tolerateReset(socket: Duplex): Duplex {
  const destroy = socket.destroy.bind(socket)
  socket.destroy = (error?: Error) => {
    if (!isReset(error) || socket.readableEnded || socket.destroyed) return destroy(error)
    socket.push(null)
    return socket
  }
  const write = socket._write.bind(socket)
  socket._write = (chunk: unknown, encoding: BufferEncoding, done: WriteDone) =>
    write(chunk, encoding, ignoreReset(done))
  const writeAll = socket._writev?.bind(socket)
  if (writeAll !== undefined) socket._writev = (chunks, done) => writeAll(chunks, ignoreReset(done))
  return socket
}

type WriteDone = (error?: Error | null) => void

function ignoreReset(done: WriteDone): WriteDone {
  return (error) => done(isReset(error) ? null : error)
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET')
}
