import { readFileSync, rmSync } from 'node:fs'
import { findProcess, parseStat } from './process-identity.mjs'

/**
 * Removes the pid files of a dockerd and its containerd that do not run. Neither starts while any process has that pid,
 * which after a reboot or on a restored machine may belong to another program.
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
