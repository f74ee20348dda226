import { Writable } from 'node:stream'

export interface Collected {
  readonly stream: Writable
  text(): string
}

/** Keeps what is written to it. */
export function collectOutput(): Collected {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

/** Takes nothing until it is woken. */
export function createSleeper(): { readonly stream: Writable; readonly received: () => number; wake(): void } {
  let received = 0
  let isAwake = false
  let resume = () => {}
  const stream = new Writable({
    highWaterMark: 16 * 1024,
    write(chunk: Buffer, _encoding, done) {
      received += chunk.length
      if (isAwake) done()
      else resume = done
    },
  })
  const wake = () => {
    isAwake = true
    resume()
  }
  return { stream, received: () => received, wake }
}
