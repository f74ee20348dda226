import type { OperationOptions } from '@capstan/core'
import { linkSignals } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { runExec } from '../container/exec.js'
import { toStopCommand } from './lease-scripts.js'

/** Stops and removes the container of a sidecar, unless a lease is held. Resolves with `removed` if it does not exist. */
export async function removeIfUnused(
  managers: BuildKitManagers,
  id: string,
  { queryTimeoutMs = 5000, includesPinned = false, ...options }: RemoveIfUnusedOptions,
): Promise<'removed' | 'in-use'> {
  const { runtime } = managers
  if (await stopUnlessInUse(managers, id, { queryTimeoutMs, includesPinned, ...options })) return 'in-use'
  // Killing a daemon can corrupt its database, and the volume of the database may be kept.
  await runtime.stopContainer(id, { ...options, graceMs: stopMs })
  await runtime.removeContainer(id, options)
  return 'removed'
}

/** Options of {@link removeIfUnused}. */
export interface RemoveIfUnusedOptions extends OperationOptions {
  /**
   * Time limit, in milliseconds, of the command that stops the daemon unless a lease is held. Without an answer the
   * sidecar counts as unused. Default 5000.
   */
  readonly queryTimeoutMs?: number
  /** Whether a pinned sidecar is removed, too. Default false. */
  readonly includesPinned?: boolean
}

/**
 * Stops the daemon unless a lease is held. After that no lease can be acquired. Resolves with true if a lease is held, and
 * with false if the daemon was stopped or there was no answer within `queryTimeoutMs`.
 */
async function stopUnlessInUse(
  { execs }: BuildKitManagers,
  id: string,
  { queryTimeoutMs, includesPinned, signal }: Required<Omit<RemoveIfUnusedOptions, 'signal'>> & OperationOptions,
): Promise<boolean> {
  const limit = linkSignals([signal, AbortSignal.timeout(queryTimeoutMs)])
  try {
    const { stdout } = await runExec(execs, id, { command: toStopCommand({ includesPinned }), signal: limit.signal })
    return stdout.toString().startsWith('in-use')
  } catch {
    signal?.throwIfAborted()
    return false
  } finally {
    limit.unlink()
  }
}

const stopMs = 2000
