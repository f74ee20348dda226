import { randomUUID } from 'node:crypto'
import type { Owner } from '../contract/owner.js'
import { createProcessFacts, type ProcessFacts } from './process-facts.js'

/** Creates an owner of this process with a new instance id, since each host in a process is a separate owner. */
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
