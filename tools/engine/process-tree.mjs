import { readdirSync, readFileSync } from 'node:fs'

/** Returns the pids of all processes that this process sees. Linux only. */
export function listProcesses() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/**
 * Returns the pids of the processes that descend from one, without it. A process whose parent has exited descends from the
 * process that adopted it.
 *
 * @param {number} ancestor
 */
export function listDescendants(ancestor) {
  const all = listProcesses()
  const parents = new Map(all.map((pid) => [pid, readParent(pid)]))
  /** @param {number | undefined} pid @returns {boolean} */
  const descends = (pid) => pid === ancestor || (pid !== undefined && pid > 1 && descends(parents.get(pid)))
  return all.filter((pid) => pid !== ancestor && descends(pid))
}

/** @param {number} pid */
function readParent(pid) {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}
