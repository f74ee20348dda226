import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Returns the SHA-256 of a folder: of the path, type, mode and content of everything in it, in order of the paths.
 *
 * @param {string} directory
 */
export function toTreeDigest(directory) {
  const hash = createHash('sha256')
  addFolder(hash, directory, '')
  return hash.digest('hex')
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} root
 * @param {string} folder
 */
function addFolder(hash, root, folder) {
  for (const name of readdirSync(join(root, folder)).sort()) {
    const path = join(folder, name)
    const stats = lstatSync(join(root, path))
    const size = stats.isFile() ? stats.size : 0
    hash.update(`${JSON.stringify(path)} ${stats.mode.toString(8)} ${stats.uid}:${stats.gid} ${size}\n`)
    if (stats.isFile()) hash.update(readFileSync(join(root, path)))
    if (stats.isSymbolicLink()) hash.update(`${JSON.stringify(readlinkSync(join(root, path)))}\n`)
    if (stats.isDirectory()) addFolder(hash, root, path)
  }
}
