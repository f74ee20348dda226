import { linkSignals, untilAborted } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from './docker-engine.js'

/**
 * Runs `work`, which cleans up after an abort, and settles as it does. When the engine does not answer the cleanup
 * within `timeouts.undoMs`, it rejects with the reason of the abort and warns of leftovers, which have ownership
 * labels.
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
      `${operation} of container "${subject}" was aborted, and the engine did not answer its cleanup: the network access of the container may be unrestricted, and a helper container may be left until the next sweep`,
    )
  late.signal.addEventListener('abort', expire, { once: true })
  try {
    return await untilAborted(work(), late.signal)
  } finally {
    late.unlink()
  }
}
