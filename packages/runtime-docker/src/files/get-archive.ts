import type { Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toAnswerStream } from '../engine/streams/answer-stream.js'
import { checkPath } from './check-path.js'

/**
 * Resolves with a tar archive of a file or directory of a container.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerArchive
 *
 * An incomplete stream fails with CONNECTION_LOST. An abort fails it with the reason. Destroying it closes the connection.
 */
export async function getArchive(
  engine: DockerEngine,
  id: string,
  path: string,
  options: OperationOptions = {},
): Promise<Readable> {
  const { signal, end } = engine.operations.begin(options.signal)
  const hasCallerSignal = options.signal !== undefined
  const call: EngineCall = { operation: 'getArchive', subject: id, signal, hasCallerSignal }
  try {
    await checkPath(engine, path, { ...call, isWritten: false })
    const answer = await engine.send({
      ...call,
      containerPath: path,
      method: 'GET',
      path: `/containers/${id}/archive`,
      query: { path },
    })
    return toAnswerStream(engine, answer, call).once('close', end)
  } catch (error) {
    end()
    throw error
  }
}
