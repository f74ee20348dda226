import { readFileSync } from 'node:fs'

/**
 * The identity of a process, which differs from that of a later process with the same pid.
 *
 * @typedef {{ readonly pid: number, readonly startTime: string, readonly bootId: string }} ProcessIdentity
 */

/**
 * Returns the process with this pid; `undefined` when there is none or it is a zombie. Linux only.
 *
 * @param {number} pid
 * @returns {ProcessIdentity | undefined}
 */
export function findProcess(pid) {
  try {
    const { state, startTime } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    if (state === 'Z' || state === 'X') return undefined
    return { pid, startTime, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() }
  } catch {
    return undefined
  }
}

/**
 * Returns whether exactly this process is still running.
 *
 * @param {ProcessIdentity} identity
 */
export function isRunning({ pid, startTime, bootId }) {
  const now = findProcess(pid)
  return now !== undefined && now.startTime === startTime && now.bootId === bootId
}

/**
 * Reads `/proc/PID/stat`, whose second field is the program's name in parentheses and may contain `)` and spaces.
 * The fields are those of proc(5): 3 is the state, 22 the start in clock ticks after boot.
 *
 * @param {string} stat
 */
export function parseStat(stat) {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    state: fields[0] ?? '',
    startTime: fields[19] ?? '',
  }
}
