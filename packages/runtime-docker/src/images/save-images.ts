import type { Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toAnswerStream } from '../engine/streams/answer-stream.js'
import { findImage } from './images.js'

/**
 * Saves images as a docker archive, a stream of tar bytes with back-pressure. Rejects with IMAGE_NOT_FOUND if one does not
 * exist.
 *
 * An incomplete stream fails with CONNECTION_LOST. An abort fails it with the reason. Destroying it closes the
 * connection.
 */
export async function saveImages(
  engine: DockerEngine,
  { operation, images, field }: SaveRequest,
  options: OperationOptions = {},
): Promise<Readable> {
  const { signal, end } = engine.operations.begin(options.signal)
  const hasCallerSignal = options.signal !== undefined
  const call: EngineCall = { operation, subject: images.join(' '), field, signal, hasCallerSignal }
  try {
    // The images are checked first because the engine may report a missing image after status 200.
    for (const image of images) {
      const found = await findImage(engine, image, { ...call, subject: image })
      if (found === undefined) throw createHostError('IMAGE_NOT_FOUND', { image })
    }
    const [first, ...others] = images
    const request =
      others.length === 0 ? { path: `/images/${first}/get` } : { path: '/images/get', query: { names: images } }
    const answer = await engine.send({ ...call, method: 'GET', ...request })
    return toAnswerStream(engine, answer, call).once('close', end)
  } catch (error) {
    end()
    throw error
  }
}

/** The images to save. `field` is the name of the parameter that has them. */
export interface SaveRequest {
  readonly operation: 'saveImage' | 'saveImages'
  readonly images: readonly string[]
  readonly field: 'reference' | 'references'
}
