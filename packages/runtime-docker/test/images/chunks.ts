/** The text in one piece. */
export async function* toChunks(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text)
}

/** The text in pieces of that many bytes: characters are cut through. */
export async function* chunksOf(text: string, size: number): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
