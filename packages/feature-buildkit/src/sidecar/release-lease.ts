import type { OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
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
  const hasEnded = await watch.hasEnded(end === 'last' ? lastMs : unknownMs)
  if (!hasEnded && end === 'unknown') return
  // No lease can be acquired after the last one, so the sidecar is not shared.
  if (!hasEnded) await managers.runtime.stopContainer(instance.id, { ...options, graceMs: 0 })
  // The resources are found by the label of the attempt: on a runtime where a name is the id, the same id may already
  // belong to the sidecar of another attempt.
  await removeResources(managers, instance.resources, options)
}

/** A daemon usually ends within 100 ms. */
const lastMs = 2000
const unknownMs = 10_000
