import { untilAborted } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'

/**
 * Settles as `work` does, which cleans up after an abort. When the engine does not answer the cleanup, it rejects with the
 * signal's reason `timeouts.undoMs` after the abort, and warns of what may be left. That carries the labels of its owner.
 */
export async function withCleanupLimit<T>(
  engine: DockerEngine,
  { signal, operation, subject }: EngineCall,
  work: () => Promise<T>,
): Promise<T> {
  if (signal === undefined) return work()
  const late = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const expire = () => {
    engine.warn(
      `${operation} of container "${subject}" was aborted, and the engine did not answer its cleanup: the container may have a way out, and a helper container may be left for a sweep`,
    )
    late.abort(signal.reason)
  }
  const follow = () => {
    timer = setTimeout(expire, engine.timeouts.undoMs)
  }
  signal.throwIfAborted()
  signal.addEventListener('abort', follow, { once: true })
  try {
    return await untilAborted(work(), late.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', follow)
  }
}
