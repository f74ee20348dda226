import type { OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-needs.js'
import type { ContainerWatch } from '../container/container-watch.js'
import type { SidecarInstance } from './find-sidecar.js'
import type { Lease } from './lease.js'
import { removeResources } from './sidecar-resources.js'

/** A sidecar, and one lease of it. */
export interface LeasedSidecar {
  readonly instance: SidecarInstance
  readonly watch: ContainerWatch
  readonly lease: Lease
}

/**
 * Releases the lease. After the last one the sidecar ends by itself, and its resources are removed.
 *
 * A sidecar that does not end after the last lease is stopped. If it is unknown whether there are other leases, it is left
 * running.
 */
export async function releaseLease(
  managers: BuildKitManagers,
  { instance, watch, lease }: LeasedSidecar,
  options: OperationOptions = {},
): Promise<void> {
  const end = await lease.release()
  if (end === 'shared') return
  const hasEnded = await watch.endsWithin(end === 'last' ? endTimeoutMs : endTimeoutIfUnknownMs)
  if (!hasEnded && end === 'unknown') return
  // No lease can be acquired after the last one, so the sidecar is not shared. It is killed without a grace period: the daemon
  // had 2 s after SIGTERM, and its cache is removed next.
  if (!hasEnded) await managers.runtime.stopContainer(instance.id, { ...options, graceMs: 0 })
  // The resources are found by label and not by container id: on a runtime whose ids are names, a new sidecar may already have
  // this id.
  await removeResources(managers, instance.resources, options)
}

/** An idle daemon exits within 100 ms after SIGTERM. */
const endTimeoutMs = 2000
const endTimeoutIfUnknownMs = 10_000
