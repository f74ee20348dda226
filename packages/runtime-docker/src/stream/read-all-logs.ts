import type { OperationOptions } from '@capstan/core'
import { validateContainerId } from '../container/inspect-container.js'
import type { DockerEngine } from '../docker-engine.js'
import { readLog } from '../docker-log-stream.js'

/** Everything written so far, both streams in order of arrival; does not wait for the container to stop. */
export async function readAllLogs(
  engine: DockerEngine,
  id: string,
  options: OperationOptions = {},
): Promise<Uint8Array> {
  validateContainerId(id)
  const call = { operation: 'containerLogsAll', subject: id, ...options }
  const pieces: Uint8Array[] = []
  for await (const { bytes } of readLog(engine, {}, call)) pieces.push(bytes)
  return Buffer.concat(pieces)
}
