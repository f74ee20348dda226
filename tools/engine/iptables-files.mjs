import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { findProgram } from './engine-packages.mjs'

/**
 * Returns the files of this machine's iptables and ip6tables, both legacy and nft, with their modules and the libraries
 * that `ldd` lists. Plain `iptables` is the variant that the machine uses. Returns the reason when they are missing or this
 * machine is not Linux.
 *
 * @returns {readonly import('./tar-archive.mjs').TarEntry[] | string}
 */
export function readIptablesFiles() {
  const programs = ['xtables-legacy-multi', 'xtables-nft-multi'].map(findProgram)
  const modules = findModules(findProgram('iptables'))
  if (programs.includes(undefined) || modules.length === 0) {
    return 'no iptables with both variants on this machine (on Debian: apt-get install iptables)'
  }
  const files = [...programs.filter((program) => program !== undefined), ...modules]
  const libraries = new Set(files.flatMap(findLibraries))
  const entries = [...files, ...libraries].map(toEntry)
  return [...toDirectories(entries), ...entries, ...commands.map(toCommand)]
}

/** @param {string | undefined} program */
function findModules(program) {
  if (!program) return []
  return libraryDirectories().flatMap((directory) => {
    const modules = join(directory, 'xtables')
    return listIfThere(modules).map((name) => join(modules, name))
  })
}

function libraryDirectories() {
  return [...listIfThere('/usr/lib').map((name) => `/usr/lib/${name}`), '/usr/lib', '/usr/lib64']
}

/** @param {string} directory */
function listIfThere(directory) {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** @param {string} file */
function findLibraries(file) {
  return [...execFileSync('ldd', [file], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
}

/** @param {string} path */
function toEntry(path) {
  return { path: path.slice(1), mode: 0o755, content: readFileSync(path) }
}

/**
 * @param {readonly { readonly path: string }[]} entries
 * @returns {readonly import('./tar-archive.mjs').TarEntry[]}
 */
function toDirectories(entries) {
  /** @param {string} path @returns {readonly string[]} */
  const above = (path) => (dirname(path) === '.' ? [] : [...above(dirname(path)), dirname(path)])
  return [...new Set(entries.flatMap(({ path }) => above(path)))].map((path) => ({ path, directory: true }))
}

/** @param {string} name */
function toCommand(name) {
  const variant = /-(legacy|nft)/.exec(name)?.[1] ?? chosenVariant(name)
  return { path: `usr/sbin/${name}`, link: `xtables-${variant}-multi` }
}

/** @param {string} name */
function chosenVariant(name) {
  const program = findProgram(name)
  return program && basename(realpathSync(program)).includes('legacy') ? 'legacy' : 'nft'
}

const commands = ['iptables', 'ip6tables'].flatMap((family) =>
  ['', '-legacy', '-nft'].flatMap((variant) =>
    ['', '-save', '-restore'].map((action) => `${family}${variant}${action}`),
  ),
)
