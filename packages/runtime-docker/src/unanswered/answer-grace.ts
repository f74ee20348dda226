import { linkSignals, type OperationOptions } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'

/**
 * Does `work`, which has an engine make something: an engine goes on with it when its client leaves, so the client stays
 * for the answer a while, to know what there is to undo, also while the runtime closes.
 */
export async function withAnswerGrace<T>(
  engine: DockerEngine,
  { signal }: OperationOptions,
  work: (grace: AnswerGrace) => Promise<T>,
): Promise<T> {
  const linked = linkSignals([signal, engine.ending])
  const late = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const follow = () => {
    timer = setTimeout(() => late.abort(linked.signal.reason), engine.timeouts.abortGraceMs)
  }
  linked.signal.addEventListener('abort', follow, { once: true })
  try {
    linked.signal.throwIfAborted()
    const limit =
      signal === undefined ? { timeoutMs: engine.timeouts.answerMs, timeoutOption: 'timeouts.answerMs' } : {}
    return await work({ engine: engine.undoing, signal: late.signal, wanted: linked.signal, limit })
  } finally {
    clearTimeout(timer)
    linked.unlink()
  }
}

export interface AnswerGrace {
  /** For the request: it goes on while the runtime closes. */
  readonly engine: DockerEngine
  /** For the request: follows abort and closing late. */
  readonly signal: AbortSignal
  /** The default limit where the caller gave no signal. The request itself always has one, so the limit is passed apart. */
  readonly limit: Pick<EngineCall, 'timeoutMs' | 'timeoutOption'>
  /** Aborts at once: what was made is then not wanted any more. */
  readonly wanted: AbortSignal
}
