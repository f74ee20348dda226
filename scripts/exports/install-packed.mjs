import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../../tools/run-program.mjs'
import { manifest, root } from '../../tools/workspace.mjs'

/**
 * Creates a project with the packed packages and the types of Node, without anything of this workspace.
 *
 * @param {readonly import('./pack-all.mjs').PackedPackage[]} packed
 * @param {string} directory
 * @returns {Promise<string>} the directory
 */
export async function installPacked(packed, directory) {
  const local = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]))
  const dependencies = { ...local, '@types/node': readVersion('@types/node') }
  mkdirSync(directory)
  writeJson(join(directory, 'package.json'), { name: 'user', private: true, type: 'module', dependencies })
  // JSON is valid YAML. The overrides make the packed packages resolve each other; builds of dependencies are not checked.
  writeJson(join(directory, 'pnpm-workspace.yaml'), { overrides: local, strictDepBuilds: false, pmOnFail: 'ignore' })
  const command = ['--yes', manifest.packageManager, 'install', '--prefer-offline', '--no-frozen-lockfile']
  const { code, output } = await runProgram('npx', command, { cwd: directory })
  if (code !== 0) throw new Error(`the packed packages cannot be installed:\n${output}`)
  return directory
}

/** @param {string} name of a package that the workspace has installed */
function readVersion(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

/**
 * @param {string} file
 * @param {object} value
 */
function writeJson(file, value) {
  writeFileSync(file, JSON.stringify(value))
}
