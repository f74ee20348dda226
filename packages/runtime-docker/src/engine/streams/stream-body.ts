import type { Readable } from 'node:stream'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { readChunks } from './read-chunks.js'

/**
 * Reads the bytes of an answer. Throws a translated error after the data that arrived before it. Leaving the loop
 * closes the connection.
 */
export async function* streamBody(engine: DockerEngine, body: Readable, call: EngineCall): AsyncIterable<Uint8Array> {
  try {
    yield* readChunks(body, call.signal)
  } catch (cause) {
    throw engine.translate(cause, call)
  }
}
