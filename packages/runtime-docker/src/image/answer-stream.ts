import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { DockerEngine, EngineCall } from '../docker-engine.js'

/**
 * The body of an answer as a stream of its own, read no faster than it is read. Destroying it closes the connection at
 * once, also while the engine is silent; what breaks ends it with the error that the caller gets.
 */
export function toAnswerStream(engine: DockerEngine, answer: IncomingMessage, call: EngineCall): Readable {
  const stream = new Readable({
    read: () => void answer.resume(),
    destroy(error, done) {
      answer.destroy()
      done(error)
    },
  })
  const fail = (cause: unknown) => stream.destroy(toError(engine.translate(cause, call)))
  answer.on('data', (bytes: Buffer) => {
    if (!stream.push(bytes)) answer.pause()
  })
  answer.on('end', () => stream.push(null))
  answer.on('error', fail)
  answer.on('close', () => {
    if (!answer.readableEnded) fail(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  })
  answer.pause()
  // The failure shows where it is read, also later; nobody reading yet must not end the process.
  stream.on('error', () => {})
  return stream
}

/** A stream is destroyed with errors alone; the reason of an abort may be anything. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
