import { randomUUID } from 'node:crypto'
import type { Owner } from '../contract/owner.js'
import { createProcessReader, type ProcessReader } from './process-reader.js'

/** Creates an owner of this process with a new instance id, since each host in a process is a separate owner. */
export async function createOwner(reader: ProcessReader = createProcessReader()): Promise<Owner> {
  const { pid } = process
  const [processStart = 'unknown', bootId, pidNamespace, machineId] = await Promise.all([
    reader.readStart(pid),
    reader.readBootId(),
    reader.readPidNamespace(),
    reader.readMachineId(),
  ])
  return { instanceId: randomUUID(), pid, processStart, bootId, pidNamespace, machineId }
}

/** The state of an owner. */
export type OwnerState =
  | { readonly state: 'running' | 'ended' }
  | { readonly state: 'unknown'; readonly reason: string }

/** Determines the state of an owner. `current` is an owner of this process. In case of doubt the state is `unknown`, never `ended`. */
export async function findOwnerState(
  owner: Owner,
  current: Owner,
  reader: Pick<ProcessReader, 'readStart'>,
): Promise<OwnerState> {
  if (owner.instanceId === current.instanceId) return { state: 'running' }
  if ([owner, current].some(isIncomplete)) return unidentifiable
  if (owner.machineId !== current.machineId) return { state: 'unknown', reason: 'created on another machine' }
  if (owner.bootId !== current.bootId) return { state: 'ended' }
  if (owner.pidNamespace !== current.pidNamespace) {
    return { state: 'unknown', reason: 'created in another pid namespace, such as a container' }
  }
  const start = await reader.readStart(owner.pid)
  if (start === 'unknown') return unidentifiable
  return { state: start === owner.processStart ? 'running' : 'ended' }
}

function isIncomplete({ machineId, bootId, pidNamespace, processStart }: Owner): boolean {
  return [machineId, bootId, pidNamespace, processStart].includes('unknown')
}

const unidentifiable: OwnerState = {
  state: 'unknown',
  reason: 'its process cannot be identified on this machine',
}
