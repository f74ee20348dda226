import type { MemoryProcess } from '@capstan/runtime-memory'

type Files = MemoryProcess['files']

/** The leases of one simulated daemon. It replaces the directory `leases`. */
export interface LeaseState {
  count: number
  /** Whether the daemon is pinned: it runs when no lease is held. */
  isPinned: boolean
  isOpen: boolean
}

/** Creates the leases of the daemon whose container has these files. */
export async function openLeases(files: Files): Promise<LeaseState> {
  const leases = { count: 0, isPinned: false, isOpen: true }
  all.push(leases)
  await files.write(path, String(all.length - 1))
  return leases
}

/** Returns `undefined` before the daemon has started. */
export async function findLeases(files: Files): Promise<LeaseState | undefined> {
  const text = await files.read(path).then(
    (bytes) => Buffer.from(bytes).toString(),
    () => undefined,
  )
  return text === undefined ? undefined : all[Number(text)]
}

/** Closes the leases if there are none. Returns whether it did so. */
export function closeLeases(leases: LeaseState): boolean {
  if (!leases.isOpen || leases.isPinned || leases.count > 0) return false
  leases.isOpen = false
  return true
}

const path = '/tmp/lease-state'
const all: LeaseState[] = []
