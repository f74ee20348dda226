import { readFileSync, rmSync } from 'node:fs'
import { findProcess, parseStat } from './process-identity.mjs'

/**
 * Removes the pid files of a dockerd, and of its containerd, that are gone. Both trust any process with that number,
 * and then do not start: after a reboot or in a restored machine it may be anyone's.
 *
 * @returns {number | undefined} the pid of a dockerd that does run
 */
export function removeStalePidFiles() {
  removeUnlessRunning('/var/run/docker/containerd/containerd.pid', 'containerd')
  return removeUnlessRunning('/var/run/docker.pid', 'dockerd')
}

/**
 * @param {string} file
 * @param {string} program
 */
function removeUnlessRunning(file, program) {
  const pid = readPid(file)
  if (pid !== undefined && findProcess(pid) && readName(pid) === program) return pid
  rmSync(file, { force: true })
  return undefined
}

/** @param {string} file */
function readPid(file) {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || undefined
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function readName(pid) {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).name
  } catch {
    return undefined
  }
}
