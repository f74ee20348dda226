import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'

/** A connection that was taken over by an answer of status 200: reads its body, writes to its socket, half-closes. */
export class TakenOverResponse extends Duplex {
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
      // What it holds for a slow reader came before the error.
      response.off('data', take)
      for (let chunk: Buffer | null = response.read(); chunk !== null; chunk = response.read()) this.push(chunk)
      this.destroy(error)
    })
  }

  override _read(): void {
    this.#response.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // That it has failed shows where it is read: its last output may still be on the way.
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
