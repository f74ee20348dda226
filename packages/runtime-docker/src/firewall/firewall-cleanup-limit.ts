import { linkSignals, untilAborted } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'

/**
 * Runs a firewall operation and limits its cleanup after an abort, which restricts the container (see `applyFirewall`).
 * If it has not settled `timeouts.undoMs` after the abort, rejects with the reason of the abort and warns that the
 * container may be unrestricted and a helper container left.
 */
export async function withFirewallCleanupLimit<T>(
  { timeouts, warn }: Pick<DockerEngine, 'timeouts' | 'warn'>,
  { signal, operation, subject }: EngineCall,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const late = linkSignals([signal], { delayMs: timeouts.undoMs })
  const expire = () =>
    warn(
      `${operation} of container "${subject}" was aborted, and restricting the container did not end within ${timeouts.undoMs} ms: the network access of the container may be unrestricted, and a helper container may be left until the next sweep`,
    )
  late.signal.addEventListener('abort', expire, { once: true })
  try {
    return await untilAborted(work(), late.signal)
  } finally {
    late.unlink()
  }
}
