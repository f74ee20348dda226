import { builtinModules } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { findLayerOffences } from './check-layers.mjs'
import { findImports } from './source/imports.mjs'
import { reportOffences } from './source/offence.mjs'
import { readPackages } from './source/packages.mjs'

/**
 * @typedef {import('./source/offence.mjs').Offence} Offence
 * @typedef {import('./source/packages.mjs').WorkspacePackage} WorkspacePackage
 * @typedef {import('./source/imports.mjs').Import & { readonly path: string, readonly isTest: boolean }} Use
 */

/**
 * Finds imports that break the rules of ARCHITECTURE.md: packages depend on each other in one direction and through
 * `exports`, import only what their package.json lists, and import some libraries in one file only.
 *
 * @param {string} root
 * @returns {readonly Offence[]}
 */
export function findBoundaryOffences(root) {
  const packages = readPackages(root)
  return [...packages.flatMap((pack) => findPackageOffences(root, pack)), ...findSpreadDoors(packages)]
}

/**
 * @param {string} root
 * @param {WorkspacePackage} pack
 */
function findPackageOffences(root, pack) {
  return readUses(pack).flatMap((use) => {
    const { path, line, specifier } = use
    const text = isRelative(specifier) ? judgeRelative(root, pack, use) : judgeForeign(pack, use)
    return text ? [{ path, line, text: `imports '${specifier}', ${text}` }] : []
  })
}

/**
 * Sources may import files of `src`. Tests may import the sources of their package and the shared test support.
 *
 * @param {string} root
 * @param {WorkspacePackage} pack
 * @param {Use} use
 */
function judgeRelative(root, { directory }, { path, specifier, isTest }) {
  const target = join(root, dirname(path), specifier)
  const allowed = isTest
    ? [directory, join(root, 'test'), join(root, 'tools')]
    : [join(directory, 'src'), join(directory, 'package.json')]
  if (allowed.some((folder) => target === folder || target.startsWith(folder + sep))) return undefined
  return `which is outside of ${isTest ? relative(root, directory) : relative(root, join(directory, 'src'))}`
}

/**
 * @param {WorkspacePackage} pack
 * @param {Use} use
 */
function judgeForeign(pack, use) {
  if (use.specifier.startsWith('node:')) return undefined
  if (builtinModules.includes(use.specifier)) return 'a module of Node without its prefix node:'
  const name = toPackageName(use.specifier)
  return judgeListed(pack, name, use) ?? judgeDirection(pack, name, use) ?? judgeDoor(name, use)
}

/**
 * @param {WorkspacePackage} pack
 * @param {string} name
 * @param {Use} use
 */
function judgeListed({ name: own, manifest }, name, { isTest, kind }) {
  if (name === own) return isTest ? undefined : 'which is its own package: name the file'
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = manifest
  const forUsers = { ...dependencies, ...peerDependencies, ...optionalDependencies }
  const listed = isTest ? { ...forUsers, ...devDependencies } : forUsers
  if (name in listed || (kind === 'type' && toTypesName(name) in listed)) return undefined
  return `which its package.json does not list${!isTest && name in (devDependencies ?? {}) ? ' for its users' : ''}`
}

/**
 * @param {WorkspacePackage} pack
 * @param {string} name
 * @param {Use} use
 */
function judgeDirection(pack, name, { isTest, specifier }) {
  if (!name.startsWith(scope) || isTest) return undefined
  if (specifier.includes('/src/') || specifier.includes('/dist/')) return 'which goes past its exports'
  const role = toRole(pack.name)
  if (!role) return `but ${pack.name} has no place in the architecture: give it one in scripts/check-boundaries.mjs`
  return role.mayUse.test(name.slice(scope.length)) ? undefined : `which a package like ${pack.name} must not know`
}

/**
 * @param {string} name
 * @param {Use} use
 */
function judgeDoor(name, { path, kind, isTest }) {
  const door = doors[name]
  if (!door || isTest) return undefined
  if (!path.startsWith(door.within)) return `which only ${door.within} may do`
  return door.isLazy && kind === 'value'
    ? 'which is to be loaded when it is needed: import() or import type'
    : undefined
}

/**
 * Finds libraries that several files of a package import although only one file may.
 *
 * @param {readonly WorkspacePackage[]} packages
 * @returns {readonly Offence[]}
 */
function findSpreadDoors(packages) {
  const uses = packages.flatMap(readUses).filter(({ isTest, kind }) => !isTest && kind !== 'type')
  return Object.entries(doors).flatMap(([name, { isSingle }]) => {
    const files = [...new Set(uses.filter((use) => toPackageName(use.specifier) === name).map(({ path }) => path))]
    const text = `imports '${name}', as does ${files[0]}: one file of the package is its door`
    return isSingle ? files.slice(1).map((path) => ({ path, text })) : []
  })
}

/**
 * @param {WorkspacePackage} pack
 * @returns {readonly Use[]}
 */
function readUses({ sources, tests }) {
  /** @param {boolean} isTest @returns {(file: import('./source/packages.mjs').SourceFile) => readonly Use[]} */
  const read = (isTest) => (file) => {
    return findImports(file.path, file.text).map((found) => ({ ...found, path: file.path, isTest }))
  }
  return [...sources.flatMap(read(false)), ...tests.flatMap(read(true))]
}

/** @param {string} specifier */
function isRelative(specifier) {
  return specifier.startsWith('.')
}

/** @param {string} specifier */
function toPackageName(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** @param {string} name */
function toTypesName(name) {
  return `@types/${name.replace(/^@/, '').replace('/', '__')}`
}

/** @param {string} name */
function toRole(name) {
  return roles.find(({ packages }) => packages.test(name.slice(scope.length)))
}

const scope = '@capstan/'

/** The packages that a package may import, by name without the scope. */
const roles = [
  { packages: /^core$/, mayUse: /^(?!)/ },
  { packages: /^(build-context|egress-firewall)$/, mayUse: /^core$/ },
  { packages: /^runtime-.+$/, mayUse: /^(core|build-context|egress-firewall)$/ },
  { packages: /^(feature-.+|conformance)$/, mayUse: /^(core|build-context)$/ },
  { packages: /^cli$/, mayUse: /^(core|build-context|runtime-.+|feature-.+|conformance)$/ },
]

/**
 * Libraries that only one place may know. @type {Record<string, { within: string, isSingle?: boolean, isLazy?: boolean }>}
 */
const doors = {
  tsyringe: { within: 'packages/core/src/injection/di.ts' },
  'reflect-metadata': { within: 'packages/core/src/injection/di.ts' },
  dockerode: { within: 'packages/runtime-docker/src/', isLazy: true },
  execa: { within: 'packages/runtime-apple/src/', isSingle: true },
}

if (isMain(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  reportOffences([...findBoundaryOffences(root), ...findLayerOffences(root)])
}
