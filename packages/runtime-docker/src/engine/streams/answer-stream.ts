import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { toError } from '../exchange.js'
import { OutputReadable } from './output-readable.js'

/**
 * Converts the body of an answer to a stream with back-pressure. Destroying it closes the connection at once. An error
 * ends it, translated, after the data that arrived before it.
 */
export function toAnswerStream(engine: DockerEngine, answer: IncomingMessage, call: EngineCall): Readable {
  const stream = new OutputReadable({
    // With less, a stream that is read as fast as it arrives would be paused at each chunk.
    highWaterMark: 512 * 1024,
    read: () => void answer.resume(),
    destroy(error, done) {
      answer.destroy()
      done(error)
    },
  })
  const take = (bytes: Buffer) => {
    if (!stream.push(bytes)) answer.pause()
  }
  const fail = (cause: unknown) => {
    const error = toError(engine.translate(cause, call))
    if (call.signal?.aborted) return void stream.destroy(error)
    answer.off('data', take)
    for (let bytes: Buffer | null = answer.read(); bytes !== null; bytes = answer.read()) stream.push(bytes)
    stream.fail(error)
  }
  answer.on('data', take)
  answer.on('end', () => stream.push(null))
  answer.on('error', fail)
  answer.on('close', () => {
    if (!answer.readableEnded) fail(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  })
  answer.pause()
  return stream
}
