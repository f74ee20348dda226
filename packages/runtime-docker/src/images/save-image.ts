import type { Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toAnswerStream } from '../engine/streams/answer-stream.js'
import { findImage } from './images.js'

/**
 * Saves an image as a docker archive, a stream of tar bytes with back-pressure. Rejects with IMAGE_NOT_FOUND if it does
 * not exist.
 *
 * An incomplete stream fails with CONNECTION_LOST. An abort fails it with the reason. Destroying it closes the
 * connection.
 */
export async function saveImage(
  engine: DockerEngine,
  image: string,
  options: OperationOptions = {},
): Promise<Readable> {
  const { signal, end } = engine.operations.begin(options.signal)
  const hasCallerSignal = options.signal !== undefined
  const call: EngineCall = { operation: 'saveImage', subject: image, field: 'reference', signal, hasCallerSignal }
  try {
    // The image is checked first because the engine may report a missing image after status 200.
    const found = await findImage(engine, image, call)
    if (found === undefined) throw createHostError('IMAGE_NOT_FOUND', { image })
    const answer = await engine.send({ ...call, method: 'GET', path: `/images/${image}/get` })
    return toAnswerStream(engine, answer, call).once('close', end)
  } catch (error) {
    end()
    throw error
  }
}
