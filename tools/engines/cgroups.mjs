import { readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { listDescendants } from '../engine/process-tree.mjs'

/**
 * Finds the cgroups that Podman created for the containers below a process. Podman has no setting for their parent, so a
 * Podman that is killed leaves them beside those of others.
 *
 * @param {number} pid
 * @returns {readonly string[]} such as `libpod_parent/libpod-0123`
 */
export function findContainerCgroups(pid) {
  return [...new Set(listDescendants(pid).flatMap((descendant) => parseContainerCgroups(readCgroups(descendant))))]
}

/**
 * @param {string} text of `/proc/PID/cgroup`
 * @returns {readonly string[]}
 */
export function parseContainerCgroups(text) {
  return [...text.matchAll(/^\d+:[^:]*:\/(libpod_parent\/libpod-[^/\n]+)/gm)].map(([, cgroup = '']) => cgroup)
}

/** @param {number} pid */
function readCgroups(pid) {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Removes empty cgroups and the empty ones below them, in each hierarchy of version 1 and in that of version 2.
 *
 * @param {readonly string[]} cgroups
 */
export function removeCgroups(cgroups) {
  for (const hierarchy of [top, ...listFolders(top)]) {
    for (const cgroup of cgroups) removeEmpty(join(hierarchy, cgroup))
  }
}

/** @param {string} cgroup */
function removeEmpty(cgroup) {
  for (const child of listFolders(cgroup)) removeEmpty(child)
  try {
    rmdirSync(cgroup)
  } catch {
    // The hierarchy does not have it, or a process is in it.
  }
}

/** @param {string} directory */
function listFolders(directory) {
  try {
    const entries = readdirSync(directory, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? [join(directory, entry.name)] : []))
  } catch {
    return []
  }
}

const top = '/sys/fs/cgroup'
