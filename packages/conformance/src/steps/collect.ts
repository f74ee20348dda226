import { Writable } from 'node:stream'

/** Creates a writable stream that collects its input, for use as an output of a runtime. */
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

/** Creates a megabyte that contains every byte value. */
export function createMegabyte(): Buffer {
  // 257 bytes, so that no block size of a transport divides the length.
  const pattern = Buffer.from(Array.from({ length: 257 }, (_, index) => (index * 31) % 256))
  return Buffer.alloc(1024 * 1024, pattern)
}

/** Reads a stream to its end. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Splits terminal output into its non-empty lines. */
export function toLines(text: string): readonly string[] {
  return text
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => line !== '')
}
