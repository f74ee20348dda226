import { FrameParser } from '../packages/runtime-docker/dist/engine/streams/frame-parser.js'
import { toElapsed, toMedian } from './measure.mjs'

export const title = 'demultiplexing frames of 1 KiB from memory, in chunks of 64 KiB, as a socket returns them'
export const target = 500
export const unit = 'MB/s'
export const atLeast = true

export async function run({ pairs }) {
  const chunks = toChunks(64 * 1024 * 1024, 1024)
  const total = chunks.reduce((sum, { length }) => sum + length, 0)
  const rates = []
  for (let round = 0; round < pairs; round += 1) {
    let payload = 0
    const parser = new FrameParser((_, bytes) => {
      payload += bytes.length
    })
    const elapsed = await toElapsed(async () => {
      for (const chunk of chunks) parser.push(chunk)
      parser.end()
    })
    if (payload !== 64 * 1024 * 1024) throw new Error(`${payload} bytes`)
    rates.push(total / 1000 / elapsed)
  }
  return { capstan: toMedian(rates) }
}

/** Creates frames that are not aligned with the chunks. */
function toChunks(payloadBytes, frameBytes) {
  const frame = Buffer.alloc(8 + frameBytes, 'x')
  const all = Buffer.alloc((payloadBytes / frameBytes) * frame.length)
  for (let offset = 0, index = 0; offset < all.length; offset += frame.length, index += 1) {
    frame.writeUInt32BE(0, 0)
    frame.writeUInt8(1 + (index % 2), 0)
    frame.writeUInt32BE(frameBytes, 4)
    frame.copy(all, offset)
  }
  return Array.from({ length: Math.ceil(all.length / chunkBytes) }, (_, index) =>
    all.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  )
}

const chunkBytes = 64 * 1024
