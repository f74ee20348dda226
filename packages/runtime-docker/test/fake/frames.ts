/** Creates a frame of the engine; type 1 is stdout, 2 stderr, 3 an error of the engine. */
export function frame(type: number, payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload)
  const header = Buffer.alloc(8)
  header[0] = type
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

/** Creates a deterministic random generator of numbers below 1: mulberry32. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Splits bytes into chunks of random length from 1 to `most`. */
export function splitAtRandom(bytes: Buffer, random: () => number, most: number): readonly Buffer[] {
  const pieces: Buffer[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const length = 1 + Math.floor(random() * most)
    pieces.push(bytes.subarray(offset, offset + length))
    offset += length
  }
  return pieces
}
