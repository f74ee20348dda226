import type { DockerEngine, EngineCall } from '../docker-engine.js'

/** The bytes of an answer as they come. What breaks is thrown as the caller gets it; leaving the loop closes the connection. */
export async function* streamBody(
  engine: DockerEngine,
  body: AsyncIterable<Uint8Array>,
  call: EngineCall,
): AsyncIterable<Uint8Array> {
  try {
    for await (const bytes of body) yield bytes
  } catch (cause) {
    throw engine.translate(cause, call)
  }
}
