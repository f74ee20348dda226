import { Writable } from 'node:stream'

/** A writable that keeps all that it gets; it can be given to a runtime as an output. */
export function collectBytes({ delayMs }: { readonly delayMs?: number } = {}): Collected {
  const chunks: Uint8Array[] = []
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      chunks.push(chunk)
      if (delayMs === undefined) done()
      else setTimeout(done, delayMs)
    },
  })
  const bytes = () => Buffer.concat(chunks)
  return { stream, bytes, text: () => bytes().toString('utf8') }
}

export interface Collected {
  readonly stream: Writable
  bytes(): Buffer
  text(): string
}

/** All bytes of a readable, after its end. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The text with a terminal's line ends made plain. */
export function toLines(text: string): readonly string[] {
  return text
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => line !== '')
}
