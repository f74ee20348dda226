import { readSync } from 'node:fs'
import type { TerminalProcess } from './terminal-library.js'

/**
 * Has a terminal read to its last byte before it is closed.
 *
 * The library closes it 200 ms after the program's end, read or not; and libuv takes the first short read after that end
 * for the last one, though a terminal gives 4 KiB at a time. Either way the rest would be lost without a word.
 */
export function readToEnd(terminal: TerminalProcess, onData: (data: Buffer) => void): void {
  const { _socket: socket, fd } = terminal
  if (socket === undefined || fd === undefined) return
  const close = socket.destroy.bind(socket)
  let isClosed = false
  socket.destroy = (error) => {
    if (!isClosed) {
      isClosed = true
      // What a paused one has read already: it tells of that as of any other.
      while (socket.read() !== null);
      for (let data = readNext(fd); data.length > 0; data = readNext(fd)) onData(data)
    }
    return close(error)
  }
}

/** Empty at the end, which is EIO on Linux, and where there is nothing now. */
function readNext(fd: number): Buffer {
  const buffer = Buffer.alloc(65_536)
  try {
    return buffer.subarray(0, readSync(fd, buffer))
  } catch {
    return buffer.subarray(0, 0)
  }
}
