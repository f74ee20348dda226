import { linkSignals, untilAborted } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from './docker-engine.js'

/**
 * Settles as `work` does, which cleans up after an abort. When the engine does not answer the cleanup, it rejects with the
 * reason of the abort after `timeouts.undoMs`, and warns of what may be left. That carries the labels of its owner.
 */
export async function withCleanupLimit<T>(
  { timeouts, warn }: Pick<DockerEngine, 'timeouts' | 'warn'>,
  { signal, operation, subject }: EngineCall,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const late = linkSignals([signal], { delayMs: timeouts.undoMs })
  const expire = () =>
    warn(
      `${operation} of container "${subject}" was aborted, and the engine did not answer its cleanup: the container may have a way out, and a helper container may be left for a sweep`,
    )
  late.signal.addEventListener('abort', expire, { once: true })
  try {
    return await untilAborted(work(), late.signal)
  } finally {
    late.unlink()
  }
}
