import { Duplex } from 'node:stream'

/** Creates the two ends of a connection: what is written to one end is read from the other. */
export function createStreamPair(): readonly [Duplex, Duplex] {
  const [one, other] = [new End(), new End()]
  one.peer = other
  other.peer = one
  return [one, other]
}

class End extends Duplex {
  peer: End | undefined
  #resume: (() => void) | undefined

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#toPeer(chunk, done)
  }

  override _final(done: () => void): void {
    this.#toPeer(null, done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.peer?.push(null)
    done(error)
  }

  #toPeer(chunk: Uint8Array | null, done: () => void): void {
    const { peer } = this
    const canRead = peer !== undefined && !peer.destroyed && !peer.readableEnded
    if (canRead && !peer.push(chunk) && chunk !== null) peer.#resume = done
    else done()
  }
}
