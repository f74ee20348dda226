import { randomUUID } from 'node:crypto'
import type { Owner } from '../contract/owner.js'
import { createProcessFacts, type ProcessFacts } from './process-facts.js'

/** This process as an owner, with an instance of its own: two hosts in one process own different things. */
export async function readOwner(facts: ProcessFacts = createProcessFacts()): Promise<Owner> {
  const { pid } = process
  const [processStart = 'unknown', bootId, pidNamespace, machineId] = await Promise.all([
    facts.readStart(pid),
    facts.readBootId(),
    facts.readPidNamespace(),
    facts.readMachineId(),
  ])
  return { instanceId: randomUUID(), pid, processStart, bootId, pidNamespace, machineId }
}
