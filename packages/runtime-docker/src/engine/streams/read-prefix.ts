import type { Readable } from 'node:stream'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { streamBody } from './stream-body.js'

/** Reads a stream until it ends or more than 1 MiB has arrived. Then closes the connection. */
export async function readPrefix(engine: DockerEngine, stream: Readable, call: EngineCall): Promise<Buffer> {
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
