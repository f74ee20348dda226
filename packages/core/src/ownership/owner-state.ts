import type { Owner } from '../contract/owner.js'
import type { ProcessFacts } from './process-facts.js'

/** The state of an owner. */
export type OwnerState = { readonly state: 'alive' | 'dead' } | { readonly state: 'unknown'; readonly reason: string }

/** Determines the state of an owner. `here` is this process. In case of doubt it is `unknown`, never `dead`. */
export async function findOwnerState(
  owner: Owner,
  here: Owner,
  facts: Pick<ProcessFacts, 'readStart'>,
): Promise<OwnerState> {
  if (owner.instanceId === here.instanceId) return { state: 'alive' }
  if ([owner, here].some(isIncomplete)) return unidentifiable
  if (owner.machineId !== here.machineId) return { state: 'unknown', reason: 'created on another machine' }
  if (owner.bootId !== here.bootId) return { state: 'dead' }
  if (owner.pidNamespace !== here.pidNamespace) {
    return { state: 'unknown', reason: 'created in another pid namespace, such as a container' }
  }
  const start = await facts.readStart(owner.pid)
  if (start === 'unknown') return unidentifiable
  return { state: start === owner.processStart ? 'alive' : 'dead' }
}

function isIncomplete({ machineId, bootId, pidNamespace, processStart }: Owner): boolean {
  return [machineId, bootId, pidNamespace, processStart].includes('unknown')
}

const unidentifiable: OwnerState = {
  state: 'unknown',
  reason: 'its process cannot be identified on this machine',
}
