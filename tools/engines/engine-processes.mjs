import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { findProcess, isRunning } from '../engine/process-identity.mjs'

/** @typedef {import('../engine/process-identity.mjs').ProcessIdentity} ProcessIdentity */

/**
 * Finds the processes of an engine of the matrix: itself, its helpers and those in its containers. All have mounts of a folder
 * of the engine, which no other process has. They are found also when the process that started them has ended.
 *
 * @param {string} name of the engine
 * @returns {readonly ProcessIdentity[]}
 * @throws {EngineSetUpError} when this process has such a mount
 */
export function findEngineProcesses(name) {
  // Otherwise every process of the machine would be taken for one of the engine.
  if (isMountInfoOf(name, readText('/proc/self/mountinfo'))) {
    throw new EngineSetUpError(`a folder of ${name} is mounted outside of its namespace: unmount it, then try again`)
  }
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  const own = pids.filter((pid) => isMountInfoOf(name, readText(`/proc/${pid}/mountinfo`)))
  return own.map((pid) => findProcess(Number(pid))).filter((found) => found !== undefined)
}

/**
 * @param {string} name of the engine
 * @param {string} text of `/proc/PID/mountinfo`
 */
export function isMountInfoOf(name, text) {
  return text.includes(`/capstan-engines/${name}/`)
}

/**
 * Finds the cgroups that Podman created for the containers of processes. Podman has no setting for their parent, so a Podman
 * that is killed leaves them beside those of others.
 *
 * @param {readonly ProcessIdentity[]} processes
 * @returns {readonly string[]} such as `libpod_parent/libpod-0123`
 */
export function findContainerCgroups(processes) {
  return [...new Set(processes.flatMap(({ pid }) => parseContainerCgroups(readText(`/proc/${pid}/cgroup`))))]
}

/**
 * @param {string} text of `/proc/PID/cgroup`
 * @returns {readonly string[]}
 */
export function parseContainerCgroups(text) {
  return [...text.matchAll(/^\d+:[^:]*:\/(libpod_parent\/libpod-[^/\n]+)/gm)].map(([, cgroup = '']) => cgroup)
}

/**
 * Ends an engine by SIGTERM to its first process, and after `graceMs` by SIGKILL to all of its processes that remain.
 *
 * @param {string} name
 * @param {{ readonly init: ProcessIdentity | undefined, readonly graceMs: number }} options
 * @returns {Promise<boolean>} false when a process cannot be killed, which only the kernel can cause
 */
export async function endEngine(name, { init, graceMs }) {
  if (init && isRunning(init)) {
    process.kill(init.pid, 'SIGTERM')
    for (const end = Date.now() + graceMs; Date.now() < end && isRunning(init); ) await delay(50)
  }
  for (const end = Date.now() + killMs; Date.now() < end; await delay(50)) {
    const left = findEngineProcesses(name)
    if (left.length === 0) return true
    for (const found of left.filter(isRunning)) kill(found)
  }
  return false
}

/** @param {ProcessIdentity} found */
function kill({ pid }) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It has exited.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const killMs = 10_000
