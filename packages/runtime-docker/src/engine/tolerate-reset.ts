import type { Duplex } from 'node:stream'

/**
 * Makes a reset of the connection an end of what is read from it, and lets what is written into it drop.
 *
 * A process that ends before it has read all of its stdin makes the engine close a connection with unread bytes, which
 * the kernel tells as EPIPE and ECONNRESET. Node would then destroy the socket, and with it the last output of the
 * process, which has arrived and is still to be read. Whether such an end is one, whoever reads has to ask the engine:
 * as after every end, since an engine that dies ends its connections cleanly too.
 */
export function tolerateReset(socket: Duplex): Duplex {
  const destroy = socket.destroy.bind(socket)
  socket.destroy = (error?: Error) => {
    if (!isReset(error) || socket.readableEnded || socket.destroyed) return destroy(error)
    socket.push(null)
    return socket
  }
  const write = socket._write.bind(socket)
  socket._write = (chunk: unknown, encoding: BufferEncoding, done: WriteDone) => write(chunk, encoding, forgive(done))
  const writeAll = socket._writev?.bind(socket)
  if (writeAll !== undefined) socket._writev = (chunks, done) => writeAll(chunks, forgive(done))
  return socket
}

type WriteDone = (error?: Error | null) => void

function forgive(done: WriteDone): WriteDone {
  return (error) => done(isReset(error) ? null : error)
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET')
}
