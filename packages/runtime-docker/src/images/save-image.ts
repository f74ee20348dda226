import type { Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toAnswerStream } from './answer-stream.js'
import { findImage } from './images.js'

/**
 * A docker archive of one image as a stream of tar bytes, read no faster than it is read. Absent: IMAGE_NOT_FOUND.
 *
 * Cut off: the stream ends with CONNECTION_LOST, never as if it were whole. An abort, then too, ends it with its
 * reason; destroying it closes the connection.
 */
export async function saveImage(
  engine: DockerEngine,
  image: string,
  options: OperationOptions = {},
): Promise<Readable> {
  const { signal, end } = engine.operations.begin(options.signal)
  const isBounded = options.signal !== undefined
  const call: EngineCall = { operation: 'saveImage', subject: image, field: 'reference', signal, isBounded }
  try {
    // The engine may find out that there is none after it has answered 200.
    const found = await findImage(engine, image, call)
    if (found === undefined) throw createHostError('IMAGE_NOT_FOUND', { image })
    const answer = await engine.send({ ...call, method: 'GET', path: `/images/${image}/get` })
    return toAnswerStream(engine, answer, call).once('close', end)
  } catch (error) {
    end()
    throw error
  }
}
