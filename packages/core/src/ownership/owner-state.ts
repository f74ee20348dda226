import type { Owner } from '../contract/owner.js'
import type { ProcessFacts } from './process-facts.js'

/** What is known of an owner: `undecidable` says why it is not more. */
export type OwnerState =
  | { readonly state: 'alive' | 'dead' }
  | { readonly state: 'undecidable'; readonly reason: string }

/** Whether the owner of a thing still lives, as seen from `here`. In doubt it is undecidable, never dead. */
export async function findOwnerState(
  owner: Owner,
  here: Owner,
  facts: Pick<ProcessFacts, 'readStart'>,
): Promise<OwnerState> {
  if (owner.instanceId === here.instanceId) return { state: 'alive' }
  if ([owner, here].some(isVague)) return indistinct
  if (owner.machineId !== here.machineId) return { state: 'undecidable', reason: 'made from another machine' }
  if (owner.bootId !== here.bootId) return { state: 'dead' }
  if (owner.pidNamespace !== here.pidNamespace) {
    return { state: 'undecidable', reason: 'made from another pid namespace, such as a container' }
  }
  const start = await facts.readStart(owner.pid)
  if (start === 'unknown') return indistinct
  return { state: start === owner.processStart ? 'alive' : 'dead' }
}

function isVague({ machineId, bootId, pidNamespace, processStart }: Owner): boolean {
  return [machineId, bootId, pidNamespace, processStart].includes('unknown')
}

const indistinct: OwnerState = {
  state: 'undecidable',
  reason: 'its process cannot be told from others on this machine',
}
