import type { Owner } from '../contract/owner.js'
import type { CapabilityScope } from '../contract/scope.js'
import type { SweepItem, SweepOptions, SweepReport } from '../contract/sweep-report.js'
import { isHostError } from '../errors/host-error.js'
import { joinWords } from '../errors/message.js'
import { listOwned, type OwnedThing } from './list-owned.js'
import { findOwnerState } from './owner-state.js'
import { createProcessFacts, type ProcessFacts } from './process-facts.js'

/**
 * Removes what dead owners left on this runtime: containers, then networks, volumes, images.
 *
 * Objects of a living owner, of another application or of other software are not touched. Objects whose owner cannot be
 * judged, and objects that are still in use, stay and are reported. Single failures are collected; it rejects only for an
 * abort, and when the runtime cannot list its objects.
 */
export async function sweepRuntime(
  scope: CapabilityScope,
  here: Owner,
  { dryRun = false, app = here.app ?? null, signal }: SweepOptions,
  facts: ProcessFacts = createProcessFacts(),
): Promise<SweepReport> {
  const removed: SweepItem[] = []
  const undecidable: SweepReport['undecidable'][number][] = []
  const failed: SweepReport['failed'][number][] = []
  for (const thing of await listOwned(scope, { signal })) {
    signal?.throwIfAborted()
    if (app !== null && thing.owner.app !== app) continue
    const verdict = await judge(thing, here, facts)
    if (verdict.state === 'alive') continue
    if (verdict.state === 'undecidable') {
      undecidable.push({ ...thing.item, reason: verdict.reason })
      continue
    }
    const failure = dryRun ? undefined : await remove(thing, signal)
    if (failure === 'spared') continue
    if (failure === undefined) removed.push(thing.item)
    else if (isHostError(failure.error, 'IN_USE')) {
      undecidable.push({ ...thing.item, reason: toUseText(failure.error.facts.users) })
    } else failed.push({ ...thing.item, error: failure.error })
  }
  return { runtime: scope.runtimeName, removed, undecidable, failed }
}

async function judge({ owner, lifetime, running }: OwnedThing, here: Owner, facts: ProcessFacts) {
  if (lifetime === 'persistent' || (lifetime === 'lease' && running)) return { state: 'alive' } as const
  const verdict = await findOwnerState(owner, here, facts)
  const mayRun = lifetime === 'lease' && running === undefined && verdict.state === 'dead'
  return mayRun ? ({ state: 'undecidable', reason: notKnown } as const) : verdict
}

const notKnown = 'the runtime cannot tell whether it runs for others; start it, or remove it'

async function remove(
  thing: OwnedThing,
  signal: AbortSignal | undefined,
): Promise<{ readonly error: unknown } | 'spared' | undefined> {
  try {
    // Meanwhile somebody may have started it, or where a name is the id, another one of that name.
    if (thing.lifetime === 'lease' && (await isRunning(thing, signal))) return 'spared'
    await thing.remove({ signal })
    return undefined
  } catch (error) {
    signal?.throwIfAborted()
    return { error }
  }
}

async function isRunning(thing: OwnedThing, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return await thing.isRunning({ signal })
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return false
    throw error
  }
}

/** Not every engine names the users. */
function toUseText(users: readonly string[]): string {
  return users.length === 0 ? 'in use' : `in use by ${joinWords(users)}`
}
