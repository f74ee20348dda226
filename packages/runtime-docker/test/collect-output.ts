import { Writable } from 'node:stream'

export interface Collected {
  readonly stream: Writable
  text(): string
}

/** A stream that keeps the written data. */
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

/** A stream that accepts no data until it is resumed. */
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
