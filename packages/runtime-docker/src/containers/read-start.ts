import type { Readable } from 'node:stream'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { streamBody } from '../engine/streams/stream-body.js'

/** Reads a stream up to its end or to 1 MiB. */
export async function readStart(engine: DockerEngine, stream: Readable, call: EngineCall): Promise<Buffer> {
  const blocks: Uint8Array[] = []
  let length = 0
  for await (const block of streamBody(engine, stream, call)) {
    blocks.push(block)
    length += block.byteLength
    if (length > mostBytes) break
  }
  return Buffer.concat(blocks)
}

const mostBytes = 1024 * 1024
