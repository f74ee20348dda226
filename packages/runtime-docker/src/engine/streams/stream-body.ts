import type { Readable } from 'node:stream'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { readWhole } from './read-whole.js'

/**
 * The bytes of an answer as they come. What breaks is thrown as the caller gets it, after all that came before; leaving the
 * loop closes the connection.
 */
export async function* streamBody(engine: DockerEngine, body: Readable, call: EngineCall): AsyncIterable<Uint8Array> {
  try {
    yield* readWhole(body, call.signal)
  } catch (cause) {
    throw engine.translate(cause, call)
  }
}
