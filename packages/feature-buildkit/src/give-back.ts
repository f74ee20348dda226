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
 * Gives the lease back. After the last one the sidecar ends by itself, and what belongs to it is removed.
 *
 * A daemon that does not end after the last lease is stopped. It is left alone where it is unknown whether others use it.
 */
export async function giveBack(
  managers: BuildKitManagers,
  { daemon, watch, lease }: Holding,
  options: OperationOptions = {},
): Promise<void> {
  const end = await lease.release()
  if (end === 'shared') return
  const hasEnded = await watch.hasEnded(end === 'last' ? lastMs : unknownMs)
  if (!hasEnded && end === 'unknown') return
  // After the last lease no other can be taken, so the sidecar is not shared.
  if (!hasEnded) await managers.runtime.stopContainer(daemon.id, { ...options, graceMs: 0 })
  // By the label of its attempt: where a name is the id, it may be another one's by now.
  await removeBelongings(managers, daemon.belongings, options)
}

/** A daemon ends within 0.1 s. */
const lastMs = 2000
const unknownMs = 10_000
