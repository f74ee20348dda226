import { readSync } from 'node:fs'
import type { TerminalProcess } from './terminal-library.js'

/**
 * Reads a terminal to its last byte before it is closed.
 *
 * node-pty closes the terminal 200 ms after the exit of the program, even if output is unread. libuv stops at the first short
 * read after the exit, although a terminal returns at most 4 KiB at a time. Without this, output would be lost silently.
 */
export function readToEnd(terminal: TerminalProcess, onData: (data: Buffer) => void): void {
  const { _socket: socket, fd } = terminal
  if (socket === undefined || fd === undefined) return
  const close = socket.destroy.bind(socket)
  let isClosed = false
  socket.destroy = (error) => {
    if (!isClosed) {
      isClosed = true
      // Data that a paused socket has already read is emitted as usual.
      while (socket.read() !== null);
      for (let data = readNext(fd); data.length > 0; data = readNext(fd)) onData(data)
    }
    return close(error)
  }
}

/** Reads what is available. Empty at the end (EIO on Linux) and if nothing is available. */
function readNext(fd: number): Buffer {
  const buffer = Buffer.alloc(65_536)
  try {
    return buffer.subarray(0, readSync(fd, buffer))
  } catch {
    return buffer.subarray(0, 0)
  }
}
