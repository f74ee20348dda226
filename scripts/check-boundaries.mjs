import { builtinModules } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { findLayerViolations } from './check-layers.mjs'
import { findImports } from './source/imports.mjs'
import { readPackages } from './source/packages.mjs'
import { reportViolations } from './source/violation.mjs'

/**
 * @typedef {import('./source/violation.mjs').Violation} Violation
 * @typedef {import('./source/packages.mjs').WorkspacePackage} WorkspacePackage
 * @typedef {import('./source/imports.mjs').Import & { readonly path: string, readonly isTest: boolean }} Use
 */

/**
 * Finds imports that break the rules of ARCHITECTURE.md: packages depend on each other in one direction and through
 * `exports`, import only what their package.json lists, and import some libraries in one file only.
 *
 * @param {string} root
 * @returns {readonly Violation[]}
 */
export function findBoundaryViolations(root) {
  const packages = readPackages(root)
  return [...packages.flatMap((pack) => findPackageViolations(root, pack)), ...findRepeatedImports(packages)]
}

/**
 * @param {string} root
 * @param {WorkspacePackage} pack
 */
function findPackageViolations(root, pack) {
  return readUses(pack).flatMap((use) => {
    const { path, line, specifier } = use
    const text = isRelative(specifier) ? checkRelativeImport(root, pack, use) : checkPackageImport(pack, use)
    return text ? [{ path, line, text: `imports '${specifier}', ${text}` }] : []
  })
}

/**
 * Sources may import files of `src`. Tests may import the sources of their package, the shared test support, and the
 * test support of packages that their package.json lists.
 *
 * @param {string} root
 * @param {WorkspacePackage} pack
 * @param {Use} use
 */
function checkRelativeImport(root, { directory, manifest }, { path, specifier, isTest }) {
  const target = join(root, dirname(path), specifier)
  const allowed = isTest
    ? [directory, join(root, 'test'), join(root, 'tools'), ...listTestSupport(root, manifest)]
    : [join(directory, 'src'), join(directory, 'package.json')]
  if (allowed.some((folder) => target === folder || target.startsWith(folder + sep))) return undefined
  return `which is outside of ${isTest ? relative(root, directory) : relative(root, join(directory, 'src'))}`
}

/**
 * @param {string} root
 * @param {WorkspacePackage['manifest']} manifest
 */
function listTestSupport(root, { dependencies, devDependencies }) {
  const names = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name.startsWith(scope))
  return names.map((name) => join(root, 'packages', name.slice(scope.length), 'test', 'support'))
}

/**
 * @param {WorkspacePackage} pack
 * @param {Use} use
 */
function checkPackageImport(pack, use) {
  if (use.specifier.startsWith('node:')) return undefined
  if (builtinModules.includes(use.specifier)) return 'a module of Node without its prefix node:'
  const name = toPackageName(use.specifier)
  return checkDependencies(pack, name, use) ?? checkDirection(pack, name, use) ?? checkRestriction(name, use)
}

/**
 * @param {WorkspacePackage} pack
 * @param {string} name
 * @param {Use} use
 */
function checkDependencies({ name: own, manifest }, name, { isTest, kind }) {
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
function checkDirection(pack, name, { isTest, specifier }) {
  if (!name.startsWith(scope) || isTest) return undefined
  if (specifier.includes('/src/') || specifier.includes('/dist/')) return 'which its exports do not contain'
  const role = toRole(pack.name)
  if (!role) return `but ${pack.name} has no role: add one in scripts/check-boundaries.mjs`
  return role.mayUse.test(name.slice(scope.length)) ? undefined : `which ${pack.name} may not import`
}

/**
 * @param {string} name
 * @param {Use} use
 */
function checkRestriction(name, { path, kind, isTest }) {
  const restriction = restrictedImports[name]
  if (!restriction || isTest) return undefined
  if (!path.startsWith(restriction.within)) return `which only ${restriction.within} may do`
  return restriction.isLazy && kind === 'value'
    ? 'which must be loaded on demand: use import() or import type'
    : undefined
}

/**
 * Finds libraries that several files of a package import although only one file may.
 *
 * @param {readonly WorkspacePackage[]} packages
 * @returns {readonly Violation[]}
 */
function findRepeatedImports(packages) {
  const uses = packages.flatMap(readUses).filter(({ isTest, kind }) => !isTest && kind !== 'type')
  return Object.entries(restrictedImports).flatMap(([name, { isSingle }]) => {
    const files = [...new Set(uses.filter((use) => toPackageName(use.specifier) === name).map(({ path }) => path))]
    const text = `imports '${name}', as does ${files[0]}: only one file of the package may import it`
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
  { packages: /^(build-context|egress-firewall|compose)$/, mayUse: /^core$/ },
  { packages: /^container-tools$/, mayUse: /^(core|build-context)$/ },
  { packages: /^buildkit-client$/, mayUse: /^(core|build-context)$/ },
  { packages: /^(runtime-.+|feature-.+)$/, mayUse: /^(core|build-context|buildkit-client|compose|egress-firewall)$/ },
  { packages: /^conformance$/, mayUse: /^(core|build-context)$/ },
  { packages: /^cli$/, mayUse: /^(core|build-context|container-tools|runtime-.+|feature-.+|conformance)$/ },
]

/**
 * Libraries that only one folder or file may import. @type {Record<string, { within: string, isSingle?: boolean, isLazy?: boolean }>}
 */
const restrictedImports = {
  tsyringe: { within: 'packages/core/src/injection/di.ts' },
  'reflect-metadata': { within: 'packages/core/src/injection/di.ts' },
  dockerode: { within: 'packages/runtime-docker/src/', isLazy: true },
  execa: { within: 'packages/runtime-apple/src/', isSingle: true },
}

if (isMain(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  reportViolations([...findBoundaryViolations(root), ...findLayerViolations(root)])
}
