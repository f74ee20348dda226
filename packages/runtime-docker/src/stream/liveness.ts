import { isHostError } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { toConnectionLost } from './lost-connection.js'

/**
 * Pings beside a stream that may be silent for days: an engine that hangs, and a connection that died without a word, are
 * told from silence. `onLost` gets CONNECTION_LOST, once. Returns what ends the watch.
 */
export function watchLiveness(engine: DockerEngine, call: EngineCall, { onLost }: LivenessOptions): () => void {
  const { betweenPingsMs, pingMs: timeoutMs } = engine.patience
  const own = new AbortController()
  let isAsking = false
  const timer = setInterval(() => {
    if (isAsking) return
    isAsking = true
    ping(engine, call, { signal: own.signal, timeoutMs })
      .catch((error: unknown) => {
        if (own.signal.aborted) return
        stop()
        const isKnown = isHostError(error) && error.code !== 'TIMED_OUT'
        onLost(isKnown ? error : toConnectionLost(engine, { cause: error }))
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

export interface LivenessOptions {
  readonly onLost: (error: Error) => void
}

async function ping(
  engine: DockerEngine,
  { operation, subject }: EngineCall,
  limits: Pick<EngineCall, 'signal' | 'timeoutMs'>,
): Promise<void> {
  const request = { operation, subject, ...limits, method: 'GET', path: '/_ping', unversioned: true } as const
  const response = await engine.send(request)
  response.resume()
}
