import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/**
 * A package of the workspace.
 *
 * @typedef {object} WorkspacePackage
 * @property {string} name
 * @property {string} directory absolute
 * @property {Manifest} manifest
 * @property {readonly SourceFile[]} sources of `src/`
 * @property {readonly SourceFile[]} tests of `test/`
 *
 * @typedef {{ readonly path: string, readonly text: string }} SourceFile `path` is relative to the workspace
 *
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, unknown>} [exports]
 * @property {Record<string, string>} [bin]
 */

/**
 * Reads the packages in the folders of a workspace, sorted by name. Folders without a package.json are skipped.
 *
 * @param {string} root
 * @param {readonly string[]} [folders]
 * @returns {readonly WorkspacePackage[]}
 */
export function readPackages(root, folders = ['packages']) {
  return folders
    .flatMap((folder) => listDirectories(join(root, folder)))
    .filter((directory) => existsSync(join(directory, 'package.json')))
    .map((directory) => readPackage(root, directory))
    .sort((one, other) => one.name.localeCompare(other.name))
}

/**
 * @param {string} root
 * @param {string} directory
 * @returns {WorkspacePackage}
 */
function readPackage(root, directory) {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  /** @param {string} folder */
  const read = (folder) => listSources(join(directory, folder)).map((file) => readSource(root, file))
  return { name: manifest.name, directory, manifest, sources: read('src'), tests: read('test') }
}

/**
 * @param {string} root
 * @param {string} file
 */
function readSource(root, file) {
  return { path: relative(root, file), text: readFileSync(file, 'utf8') }
}

/**
 * @param {string} directory
 * @returns {readonly string[]}
 */
function listSources(directory) {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.m?[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('node_modules'))
    .sort()
}

/** @param {string} directory */
function listDirectories(directory) {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(directory, entry.name))
}
