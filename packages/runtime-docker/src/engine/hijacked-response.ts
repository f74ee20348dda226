import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'

/** A connection that was hijacked with status 200: reads the body of the response and writes to its socket. */
export class HijackedResponse extends Duplex {
  readonly #response: IncomingMessage
  readonly #socket: Duplex

  constructor(response: IncomingMessage, socket: Duplex) {
    super()
    this.#response = response
    this.#socket = socket
    const take = (chunk: Buffer) => {
      if (!this.push(chunk)) response.pause()
    }
    response.on('data', take)
    response.on('end', () => this.push(null))
    response.on('error', (error) => {
      // Buffered data arrived before the error, so it is delivered first.
      response.off('data', take)
      for (let chunk: Buffer | null = response.read(); chunk !== null; chunk = response.read()) this.push(chunk)
      this.destroy(error)
    })
  }

  override _read(): void {
    this.#response.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // A write error is ignored because reading reports it too, and the last output may still arrive.
    this.#socket.write(chunk, () => done())
  }

  override _final(done: () => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#response.destroy()
    this.#socket.destroy()
    done(error)
  }
}
