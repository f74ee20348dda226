import type { OperationOptions } from '@capstan/core'
import { linkSignals } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { runExec } from '../container/exec.js'
import { toStopCommand } from './lease-scripts.js'

/**
 * Stops the daemon and removes its container, unless a lease is held or, without `includesPinned`, the sidecar is pinned. No
 * lease can be acquired after the daemon was stopped. Resolves with `removed` also if the container does not exist.
 */
export async function removeIfUnused(
  { runtime, execs }: BuildKitManagers,
  id: string,
  { queryTimeoutMs = 5000, includesPinned = false, signal }: RemoveIfUnusedOptions,
): Promise<'removed' | 'in-use'> {
  const limit = linkSignals([signal, AbortSignal.timeout(queryTimeoutMs)])
  try {
    const { stdout } = await runExec(execs, id, { command: toStopCommand({ includesPinned }), signal: limit.signal })
    if (stdout.toString().startsWith('in-use')) return 'in-use'
  } catch {
    signal?.throwIfAborted() // otherwise the sidecar does not answer, and counts as unused
  } finally {
    limit.unlink()
  }
  // Killing a daemon can corrupt its database, and the volume of the database may be kept.
  await runtime.stopContainer(id, { signal, graceMs: stopMs })
  await runtime.removeContainer(id, { signal })
  return 'removed'
}

/** Options of {@link removeIfUnused}. */
export interface RemoveIfUnusedOptions extends OperationOptions {
  /**
   * Time limit, in milliseconds, of the command that stops the daemon. Without an answer the sidecar counts as unused.
   * Default 5000.
   */
  readonly queryTimeoutMs?: number
  /** Whether a pinned sidecar is removed, too. Default false. */
  readonly includesPinned?: boolean
}

const stopMs = 2000
