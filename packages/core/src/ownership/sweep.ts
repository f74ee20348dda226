import type { Owner } from '../contract/owner.js'
import type { CapabilityScope } from '../contract/scope.js'
import type { SweepItem, SweepOptions, SweepReport } from '../contract/sweep-report.js'
import { isHostError } from '../errors/host-error.js'
import { joinWords } from '../errors/message.js'
import { listOwned, type OwnedObject } from './list-owned.js'
import { findOwnerState } from './owner.js'
import { createProcessReader, type ProcessReader } from './process-reader.js'

/**
 * Removes objects of owners that have ended from a runtime: services and containers, then secrets, configs, networks, volumes and
 * images.
 *
 * Keeps and reports objects that are in use, leases that are running or whose state is unknown, and objects of owners whose
 * state is unknown. Persistent objects and objects of running owners are kept and not reported. Failed removals are reported.
 * Rejects only on an abort, and when the runtime cannot list its objects.
 */
export async function sweepRuntime(
  scope: CapabilityScope,
  current: Owner,
  { dryRun = false, app = current.app ?? null, signal }: SweepOptions,
  reader: ProcessReader = createProcessReader(),
): Promise<SweepReport> {
  const removed: SweepItem[] = []
  const kept: SweepReport['kept'][number][] = []
  const failed: SweepReport['failed'][number][] = []
  for (const object of await listOwned(scope, { signal })) {
    signal?.throwIfAborted()
    const { item, owner, lifetime } = object
    if ((app !== null && owner.app !== app) || lifetime === 'persistent') continue
    const result = await findOwnerState(owner, current, reader)
    if (result.state === 'running') continue
    const outcome = result.state === 'unknown' ? result : await removeUnused(object, { dryRun, signal })
    if (outcome === undefined) removed.push(item)
    else if ('reason' in outcome) kept.push({ ...item, reason: outcome.reason })
    else failed.push({ ...item, error: outcome.error })
  }
  return { runtime: scope.runtimeName, removed, kept, failed }
}

/** Removes an object whose owner has ended. Resolves with the reason for keeping it, or with the error of the removal. */
async function removeUnused(
  object: OwnedObject,
  { dryRun, signal }: Pick<SweepOptions, 'dryRun' | 'signal'>,
): Promise<{ readonly reason: string } | { readonly error: unknown } | undefined> {
  try {
    if (object.lifetime === 'lease') {
      // The state in a list may be outdated: Docker 28 lists a container as running for a moment after its exit, and it may
      // have been started since. Where ids are names, another container may have the name by now.
      const running = await isRunning(object, signal)
      if (running !== false) return { reason: running ? runningLease : unknownRunState }
    }
    if (!dryRun) await object.remove({ signal })
    return undefined
  } catch (error) {
    signal?.throwIfAborted()
    return isHostError(error, 'IN_USE') ? { reason: toUseText(error.facts.users) } : { error }
  }
}

const runningLease = 'its lifetime is "lease" and it is running; remove it if it is not in use'
const unknownRunState = 'the runtime does not know whether it is running; remove it if it is not in use'

async function isRunning(object: OwnedObject, signal: AbortSignal | undefined): Promise<boolean | undefined> {
  try {
    return await object.isRunning({ signal })
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND') || isHostError(error, 'SERVICE_NOT_FOUND')) return false
    throw error
  }
}

/** Formats the users of an object, which not every engine reports. */
function toUseText(users: readonly string[]): string {
  return users.length === 0 ? 'in use' : `in use by ${joinWords(users)}`
}
