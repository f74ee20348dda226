import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { readLog } from './docker-log-stream.js'

/** Everything written so far, both streams in order of arrival; does not wait for the container to stop. */
export async function readAllLogs(engine: DockerEngine, call: EngineCall): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const { bytes } of readLog(engine, {}, call)) pieces.push(bytes)
  return Buffer.concat(pieces)
}
