/** The text in one chunk. */
export async function* toChunks(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text)
}

/** The text in chunks of a number of bytes, which splits characters. */
export async function* chunksOf(text: string, size: number): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
