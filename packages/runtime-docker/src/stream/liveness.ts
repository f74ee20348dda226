import { isHostError } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { toConnectionLost } from './lost-connection.js'

/**
 * Pings beside a stream that may be silent for days: an engine that hangs, and a connection that died without a word, are
 * told from silence. `onLost` gets CONNECTION_LOST, once. Returns what ends the watch.
 */
export function watchLiveness(engine: DockerEngine, call: EngineCall, onLost: (error: unknown) => void): () => void {
  const own = new AbortController()
  let isAsking = false
  const timer = setInterval(() => {
    if (isAsking) return
    isAsking = true
    ping(engine, call, own.signal)
      .catch((error: unknown) => {
        if (own.signal.aborted) return
        stop()
        onLost(isHostError(error, 'TIMED_OUT') ? toConnectionLost(engine, { cause: error }) : error)
      })
      .finally(() => {
        isAsking = false
      })
  }, betweenPingsMs)
  timer.unref()
  const stop = () => {
    clearInterval(timer)
    own.abort()
  }
  return stop
}

async function ping(engine: DockerEngine, { operation, subject }: EngineCall, signal: AbortSignal): Promise<void> {
  const response = await engine.send({
    operation,
    subject,
    signal,
    method: 'GET',
    path: '/_ping',
    unversioned: true,
    timeoutMs: answerMs,
  })
  response.resume()
}

const betweenPingsMs = 30_000
const answerMs = 15_000
