import { Writable } from 'node:stream'

/** Creates a stream that collects what is written to it. */
export function createCollector(): { readonly to: Writable; readonly read: () => string } {
  const chunks: Buffer[] = []
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { to, read: () => Buffer.concat(chunks).toString() }
}
