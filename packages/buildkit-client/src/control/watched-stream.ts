import { Duplex } from 'node:stream'

/**
 * Passes on the bytes of a connection of HTTP/2, of which this side is the client. It begins to read the stream at once.
 *
 * `onGoaway` is called when this side sends a GOAWAY frame. Node sends one when it cannot read what it has received, such as a
 * header of more than 64 KiB. It then ignores the rest of the connection, and reports nothing.
 */
export class WatchedStream extends Duplex {
  /** The first chunk received, at most 500 bytes. */
  excerpt = ''
  readonly #stream: Duplex
  readonly #frames = new FrameFinder()
  readonly #onGoaway: () => void
  #isWriting = false
  readonly #deferred: (Buffer | null)[] = []

  constructor(stream: Duplex, onGoaway: () => void) {
    super()
    this.#stream = stream
    this.#onGoaway = onGoaway
    stream.once('data', (chunk: Buffer) => {
      this.excerpt = chunk.subarray(0, 500).toString('latin1')
    })
    stream.on('data', (chunk: Buffer) => this.#receive(chunk))
    stream.on('end', () => this.#receive(null))
    stream.on('error', (error) => this.destroy(error))
    stream.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#stream.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#isWriting = true
    this.#send(chunk, done)
    this.#isWriting = false
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#isWriting = true
    this.#stream.cork()
    const last = chunks.length - 1
    for (const [index, { chunk }] of chunks.entries()) this.#send(chunk, index === last ? done : undefined)
    this.#stream.uncork()
    this.#isWriting = false
  }

  override _final(done: Done): void {
    this.#stream.end()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stream.destroy()
    done(error)
  }

  /** A stream within this process may answer during a write. A session of Node 20 that reads while it writes ends the process. */
  #receive(chunk: Buffer | null): void {
    if (this.#isWriting || this.#deferred.length > 0) {
      if (this.#deferred.push(chunk) === 1) setImmediate(() => this.#deferred.splice(0).map((one) => this.#pass(one)))
    } else this.#pass(chunk)
  }

  #pass(chunk: Buffer | null): void {
    if (!this.push(chunk)) this.#stream.pause()
  }

  #send(chunk: Buffer, done: Done | undefined): void {
    this.#stream.write(chunk, done)
    if (this.#frames.push(chunk).includes(goaway)) this.#onGoaway()
  }
}

type Done = (error?: Error | null) => void

/** Finds the frames in the bytes of a client: https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
class FrameFinder {
  #bytesToHeader = prefaceBytes
  #header: number[] = []

  /** Returns the types of the frames whose headers the chunk completes. */
  push(chunk: Buffer): readonly number[] {
    const types: number[] = []
    let at = 0
    while (at < chunk.length) {
      const skipped = Math.min(this.#bytesToHeader, chunk.length - at)
      this.#bytesToHeader -= skipped
      at += skipped
      const part = chunk.subarray(at, at + headerBytes - this.#header.length)
      this.#header.push(...part)
      at += part.length
      if (this.#header.length < headerBytes) continue
      const header = Buffer.from(this.#header)
      this.#header = []
      this.#bytesToHeader = header.readUIntBE(0, 3)
      types.push(header.readUInt8(3))
    }
    return types
  }
}

const prefaceBytes = 24
const headerBytes = 9
const goaway = 7
