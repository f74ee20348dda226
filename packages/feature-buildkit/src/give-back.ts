import type { OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from './buildkit-managers.js'
import type { Lease } from './lease.js'
import { removeBelongings } from './start/belongings.js'
import type { Daemon } from './start/daemon.js'
import type { DaemonWatch } from './start/daemon-watch.js'

/** What one user has of a sidecar. */
export interface Holding {
  readonly daemon: Daemon
  readonly watch: DaemonWatch
  readonly lease: Lease
}

/**
 * Gives the lease back. After the last one the sidecar ends by itself, and what belongs to it goes.
 *
 * What does not end is left alone when nobody knows whether others use it.
 */
export async function giveBack(
  managers: BuildKitManagers,
  { daemon, watch, lease }: Holding,
  options: OperationOptions = {},
): Promise<void> {
  const end = await lease.release()
  if (end === 'shared') return
  const hasEnded = await watch.hasEnded(endTimeoutMs)
  if (!hasEnded && end === 'unknown') return
  // By the label of its attempt: where a name is the id, it may be another one's by now.
  await removeBelongings(managers, daemon.belongings, options)
}

const endTimeoutMs = 10_000
