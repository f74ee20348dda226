import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createPackageFromTarballData } from '@arethetypeswrong/core'
import { runProgram } from '../../tools/run-program.mjs'
import { manifest, root } from '../../tools/workspace.mjs'

/**
 * A packed package.
 *
 * @typedef {object} PackedPackage
 * @property {string} name
 * @property {string} path of its package.json in the workspace, for messages
 * @property {string} tarball
 * @property {Buffer} bytes of the tarball
 * @property {import('@arethetypeswrong/core').Package} content
 * @property {import('../source/packages.mjs').Manifest} manifest the one in the tarball
 * @property {readonly string[]} files relative to the package
 */

/**
 * Packs all packages into a folder with pnpm, which also publishes them.
 *
 * @param {readonly import('../source/packages.mjs').WorkspacePackage[]} packages
 * @param {string} directory
 * @returns {Promise<readonly PackedPackage[]>}
 */
export async function packAll(packages, directory) {
  const filters = packages.flatMap(({ name }) => ['--filter', name])
  const command = ['--yes', manifest.packageManager, '--recursive', ...filters, 'pack', '--pack-destination', directory]
  const { code, output } = await runProgram('npx', command, { cwd: root })
  if (code !== 0) throw new Error(`packing failed:\n${output}`)
  return packages.map((pack) => readPacked(pack, directory))
}

/**
 * @param {import('../source/packages.mjs').WorkspacePackage} pack
 * @param {string} directory
 * @returns {PackedPackage}
 */
function readPacked({ name, directory: source, manifest: { version } }, directory) {
  const tarball = join(directory, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
  const bytes = readFileSync(tarball)
  const content = createPackageFromTarballData(bytes)
  const prefix = `/node_modules/${name}/`
  return {
    name,
    path: relative(root, join(source, 'package.json')),
    tarball,
    bytes,
    content,
    manifest: JSON.parse(content.readFile(`${prefix}package.json`)),
    files: content.listFiles(prefix).map((file) => file.slice(prefix.length)),
  }
}
