import { isHostError } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { isInconclusive } from '../is-inconclusive.js'
import { ping } from '../ping.js'
import { toConnectionLost } from './lost-connection.js'

/**
 * Pings the engine during a stream that may be silent for days, to detect a hanging engine or a broken connection.
 * Returns a function that stops the pings.
 *
 * Calls `onLost` at most once: with CONNECTION_LOST when a ping cannot be sent (a refused or reset connection) or after
 * three pings in a row without an answer in time, since a busy engine answers late; with RUNTIME_UNAVAILABLE after
 * `close`.
 */
export function watchLiveness(
  engine: DockerEngine,
  { operation, subject }: EngineCall,
  { onLost }: LivenessOptions,
): () => void {
  const { livenessIntervalMs, livenessAnswerMs: timeoutMs } = engine.timeouts
  const own = new AbortController()
  let isPinging = false
  let unanswered = 0
  const handleFailure = (error: unknown) => {
    if (own.signal.aborted) return
    unanswered = isUnanswered(error) ? unanswered + 1 : 0
    if (isInconclusive(error) && unanswered < mostUnanswered) return
    stop()
    const isTranslated = isHostError(error) && !isHostError(error, 'TIMED_OUT')
    onLost(isTranslated ? error : toConnectionLost(engine, { cause: error }))
  }
  const pingOnce = () => {
    if (isPinging) return
    isPinging = true
    ping(engine, { operation, subject, signal: own.signal, timeoutMs })
      .then(() => {
        unanswered = 0
      }, handleFailure)
      .finally(() => {
        isPinging = false
      })
  }
  const timer = setInterval(pingOnce, livenessIntervalMs)
  timer.unref()
  const stop = () => {
    clearInterval(timer)
    own.abort()
  }
  return stop
}

export interface LivenessOptions {
  readonly onLost: (error: Error) => void
}

/** Whether a ping got no answer. A refusal is an answer. */
function isUnanswered(error: unknown): boolean {
  return isHostError(error, 'TIMED_OUT') || isHostError(error, 'CONNECTION_LOST')
}

const mostUnanswered = 3
