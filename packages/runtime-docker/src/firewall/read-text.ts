import type { DockerEngine, EngineCall } from '../docker-engine.js'

/** All that a stream gives, as text; at most 1 MiB of it. */
export async function readText(
  engine: DockerEngine,
  stream: AsyncIterable<Uint8Array>,
  call: EngineCall,
): Promise<string> {
  const blocks: Uint8Array[] = []
  let length = 0
  try {
    for await (const block of stream) {
      blocks.push(block)
      length += block.byteLength
      if (length > mostBytes) break
    }
  } catch (cause) {
    throw engine.translate(cause, call)
  }
  return Buffer.concat(blocks).toString('utf8')
}

const mostBytes = 1024 * 1024
