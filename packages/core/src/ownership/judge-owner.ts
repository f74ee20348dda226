import type { Owner } from './owner.js'
import type { ProcessFacts } from './process-facts.js'

export type OwnerVerdict =
  | { readonly state: 'alive' | 'dead' }
  | { readonly state: 'undecidable'; readonly reason: string }

/** Whether the owner of a thing still lives, as seen from `here`. In doubt it is undecidable, never dead. */
export async function judgeOwner(
  owner: Owner,
  here: Owner,
  facts: Pick<ProcessFacts, 'readStart'>,
): Promise<OwnerVerdict> {
  if (owner.instanceId === here.instanceId) return { state: 'alive' }
  const unknown = [owner, here].some((known) =>
    [known.machineId, known.bootId, known.pidNamespace, known.processStart].includes('unknown'),
  )
  if (unknown) return { state: 'undecidable', reason: 'its process cannot be told from others on this machine' }
  if (owner.machineId !== here.machineId) return { state: 'undecidable', reason: 'made from another machine' }
  if (owner.bootId !== here.bootId) return { state: 'dead' }
  if (owner.pidNamespace !== here.pidNamespace) {
    return { state: 'undecidable', reason: 'made from another pid namespace, such as a container' }
  }
  return { state: (await facts.readStart(owner.pid)) === owner.processStart ? 'alive' : 'dead' }
}
