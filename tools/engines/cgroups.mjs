import { readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

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
