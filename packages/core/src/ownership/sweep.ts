import type { Owner } from '../contract/owner.js'
import type { CapabilityScope } from '../contract/scope.js'
import type { SweepItem, SweepOptions, SweepReport } from '../contract/sweep-report.js'
import { isHostError } from '../errors/host-error.js'
import { joinWords } from '../errors/message.js'
import { listOwned, type OwnedResource } from './list-owned.js'
import { findOwnerState } from './owner.js'
import { createProcessFacts, type ProcessFacts } from './process-facts.js'

/**
 * Removes objects of owners that have ended from a runtime: containers, then networks, volumes and images.
 *
 * Keeps and reports objects that are in use or whose owner's state is unknown. Failed removals are reported. Rejects
 * only on an abort, and when the runtime cannot list its objects.
 */
export async function sweepRuntime(
  scope: CapabilityScope,
  current: Owner,
  { dryRun = false, app = current.app ?? null, signal }: SweepOptions,
  facts: ProcessFacts = createProcessFacts(),
): Promise<SweepReport> {
  const removed: SweepItem[] = []
  const kept: SweepReport['kept'][number][] = []
  const failed: SweepReport['failed'][number][] = []
  for (const resource of await listOwned(scope, { signal })) {
    signal?.throwIfAborted()
    if (app !== null && resource.owner.app !== app) continue
    const result = await findState(resource, current, facts)
    if (result.state === 'running') continue
    if (result.state === 'unknown') {
      kept.push({ ...resource.item, reason: result.reason })
      continue
    }
    const failure = dryRun ? undefined : await remove(resource, signal)
    if (failure === 'skipped') continue
    if (failure === undefined) removed.push(resource.item)
    else if (isHostError(failure.error, 'IN_USE')) {
      kept.push({ ...resource.item, reason: toUseText(failure.error.facts.users) })
    } else failed.push({ ...resource.item, error: failure.error })
  }
  return { runtime: scope.runtimeName, removed, kept, failed }
}

async function findState({ owner, lifetime, running }: OwnedResource, current: Owner, facts: ProcessFacts) {
  if (lifetime === 'persistent' || (lifetime === 'lease' && running)) return { state: 'running' } as const
  const result = await findOwnerState(owner, current, facts)
  const mayRun = lifetime === 'lease' && running === undefined && result.state === 'ended'
  return mayRun ? ({ state: 'unknown', reason: unknownRunState } as const) : result
}

const unknownRunState = 'the runtime does not know whether it is running; remove it if it is not in use'

async function remove(
  resource: OwnedResource,
  signal: AbortSignal | undefined,
): Promise<{ readonly error: unknown } | 'skipped' | undefined> {
  try {
    // It may have been started since it was listed. Where ids are names, another container may have the name by now.
    if (resource.lifetime === 'lease' && (await isRunning(resource, signal))) return 'skipped'
    await resource.remove({ signal })
    return undefined
  } catch (error) {
    signal?.throwIfAborted()
    return { error }
  }
}

async function isRunning(resource: OwnedResource, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return await resource.isRunning({ signal })
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return false
    throw error
  }
}

/** Formats the users of an object, which not every engine reports. */
function toUseText(users: readonly string[]): string {
  return users.length === 0 ? 'in use' : `in use by ${joinWords(users)}`
}
