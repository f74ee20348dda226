import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { OutputReadable } from '../engine/streams/output-readable.js'

/**
 * The body of an answer as a stream of its own, read no faster than it is read. Destroying it closes the connection at
 * once, also while the engine is silent; what breaks ends it, after all that came before, with the error that the caller
 * gets.
 */
export function toAnswerStream(engine: DockerEngine, answer: IncomingMessage, call: EngineCall): Readable {
  const stream = new OutputReadable({
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

/** A stream is destroyed with errors alone; the reason of an abort may be anything. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
