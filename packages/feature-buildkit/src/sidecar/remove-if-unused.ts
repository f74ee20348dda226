import type { OperationOptions } from '@capstan/core'
import { linkSignals } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { runExec } from '../container/exec.js'
import { toStopCommand } from './lease-scripts.js'

/** Stops and removes the container of a sidecar, unless there are leases. Resolves with `removed` if it is already gone. */
export async function removeIfUnused(
  managers: BuildKitManagers,
  id: string,
  { askMs = 5000, removesKeep = false, ...options }: RemoveIfUnusedOptions,
): Promise<'removed' | 'shared'> {
  const { runtime } = managers
  if (await isShared(managers, id, { askMs, removesKeep, ...options })) return 'shared'
  // Killing a daemon can corrupt its database, and the volume of the database may be kept.
  await runtime.stopContainer(id, { ...options, graceMs: stopMs })
  await runtime.removeContainer(id, options)
  return 'removed'
}

/** Options of {@link removeIfUnused}. */
export interface RemoveIfUnusedOptions extends OperationOptions {
  /** Time limit, in milliseconds, of the query for leases. Without an answer the sidecar counts as unused. Default 5000. */
  readonly askMs?: number
  /** Whether a kept sidecar is removed, too. Default false. */
  readonly removesKeep?: boolean
}

/** Queries the leases in the sidecar. If there are none, no lease can be acquired any more. */
async function isShared(
  { execs }: BuildKitManagers,
  id: string,
  { askMs, removesKeep, signal }: Required<Omit<RemoveIfUnusedOptions, 'signal'>> & OperationOptions,
): Promise<boolean> {
  const limit = linkSignals([signal, AbortSignal.timeout(askMs)])
  try {
    const { stdout } = await runExec(execs, id, { command: toStopCommand({ removesKeep }), signal: limit.signal })
    return stdout.toString().startsWith('shared')
  } catch {
    signal?.throwIfAborted()
    return false
  } finally {
    limit.unlink()
  }
}

const stopMs = 2000
