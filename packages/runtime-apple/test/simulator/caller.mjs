import { PassThrough } from 'node:stream'

/** A connected process of the command. See `container` for the frames. */
export class Caller {
  argv = []
  pid = 0
  /** Rows and columns of its terminal. `undefined` if it has none. */
  size
  #onResize = () => {}
  isGone = false
  stdin = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
  #socket
  #buffer = Buffer.alloc(0)
  #answer
  #onGone = []
  #onDrain = []

  constructor(socket, answer) {
    this.#socket = socket
    this.#answer = answer
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('drain', () => {
      for (const resume of this.#onDrain.splice(0)) resume()
    })
    socket.on('close', () => {
      this.isGone = true
      this.stdin.end()
      for (const listener of [...this.#onGone, ...this.#onDrain]) listener()
    })
  }

  /** Calls the listener when the process has ended. */
  whenGone(listener) {
    if (this.isGone) listener()
    else this.#onGone.push(listener)
  }

  print(text) {
    this.write(1, Buffer.from(text.endsWith('\n') || text === '' ? text : `${text}\n`))
  }

  warn(text) {
    this.write(2, Buffer.from(`${text}\n`))
  }

  /** Returns false if the process reads slowly; see `whenDrained`. */
  write(kind, bytes) {
    if (this.isGone) return true
    let isDrained = true
    for (let at = 0; at < bytes.length || at === 0; at += 65_536) {
      const piece = bytes.subarray(at, at + 65_536)
      const head = Buffer.alloc(5)
      head.writeUInt8(kind)
      head.writeUInt32BE(piece.length, 1)
      this.#socket.write(head)
      isDrained = this.#socket.write(piece)
    }
    return isDrained || this.isGone
  }

  whenDrained(resume) {
    if (this.isGone) resume()
    else this.#onDrain.push(resume)
  }

  /** Asks the process to send its stdin. */
  askForInput() {
    this.write(4, Buffer.alloc(0))
  }

  /** Asks the process for raw mode, and reports changes of the terminal size. */
  takeTerminal(onResize) {
    this.#onResize = onResize
    this.write(5, Buffer.alloc(0))
    // The size may have changed since the program was started.
    if (this.size !== undefined) onResize(this.size)
  }

  fail(text, exitCode) {
    this.warn(text)
    this.exit(exitCode)
  }

  exit(code) {
    if (this.isGone) return
    this.write(3, Buffer.from([code]))
    this.#socket.end()
  }

  /** Closes the connection without an answer, like a service that crashes. */
  drop() {
    this.#socket.destroy()
  }

  #read(chunk) {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    while (this.#buffer.length >= 5) {
      const length = this.#buffer.readUInt32BE(1)
      if (this.#buffer.length < 5 + length) return
      const kind = this.#buffer.readUInt8()
      const payload = this.#buffer.subarray(5, 5 + length)
      this.#buffer = this.#buffer.subarray(5 + length)
      if (kind === 0) this.#begin(payload.toString('utf8').split('\0'))
      else if (kind === 1) this.stdin.write(Buffer.from(payload))
      else if (kind === 3) this.#resize(toSize(payload.toString('utf8')))
      else this.stdin.end()
    }
  }

  #resize(size) {
    if (size === undefined) return
    this.size = size
    this.#onResize(size)
  }

  #begin([pid, terminal, ...argv]) {
    this.pid = Number(pid)
    this.size = toSize(terminal)
    this.argv = argv
    void this.#answer(this)
  }
}

function toSize(text) {
  const [rows, columns] = text.split(' ').map(Number)
  return rows > 0 && columns > 0 ? { rows, columns } : undefined
}
