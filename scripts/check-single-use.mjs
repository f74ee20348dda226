import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { findImports } from './source/imports.mjs'
import { readPackages } from './source/packages.mjs'
import { reportViolations } from './source/violation.mjs'

/**
 * @typedef {import('./source/violation.mjs').Violation} Violation
 * @typedef {import('./source/packages.mjs').WorkspacePackage} WorkspacePackage
 */

/**
 * Finds files of fewer than 25 lines that exactly one file and no test imports. They belong in that file.
 *
 * Excludes entry points, the files that only an entry point imports, which are public, and generated files.
 *
 * @param {string} root
 * @param {readonly { readonly path: RegExp, readonly reason: string }[]} [allowed]
 * @returns {readonly Violation[]}
 */
export function findSingleUses(root, allowed = exceptions) {
  const packages = readPackages(root)
  const entries = new Set(packages.flatMap((pack) => findEntries(root, pack)))
  const importers = findImporters(packages)
  return packages.flatMap(({ sources }) =>
    sources.flatMap(({ path, text }) => {
      const [importer, ...others] = importers.get(path) ?? []
      const lines = text.trimEnd().split('\n').length
      if (importer === undefined || others.length > 0 || lines >= 25) return []
      if (allowed.some((exception) => exception.path.test(path))) return []
      if (!importer.includes('/src/') || entries.has(importer) || path.includes('/generated/')) return []
      return [
        { path, text: `has ${lines} ${lines === 1 ? 'line' : 'lines'} and one importer: move it into ${importer}` },
      ]
    }),
  )
}

/**
 * @param {readonly WorkspacePackage[]} packages
 * @returns {ReadonlyMap<string, readonly string[]>}
 */
function findImporters(packages) {
  /** @type {Map<string, string[]>} */
  const importers = new Map()
  for (const { path, text } of packages.flatMap(({ sources, tests }) => [...sources, ...tests])) {
    const specifiers = findImports(path, text).map(({ specifier }) => specifier)
    const targets = specifiers.map((specifier) => join(dirname(path), specifier).replace(/\.js$/, '.ts'))
    for (const target of new Set(targets)) importers.set(target, [...(importers.get(target) ?? []), path])
  }
  return importers
}

/**
 * @param {string} root
 * @param {WorkspacePackage} pack
 * @returns {readonly string[]} the files that `exports` names
 */
function findEntries(root, { directory, manifest: { exports = {} } }) {
  return [...JSON.stringify(exports).matchAll(/"@capstan\/source":"([^"]+)"/g)].map(([, source = '']) =>
    relative(root, join(directory, source)),
  )
}

/** Files that stay separate, with the reason. */
const exceptions = [
  { path: /^packages\/conformance\/src\/cases\//, reason: 'each group of cases has its own file' },
  {
    path: /^packages\/runtime-[^/]+\/src\/[^/]+-(manager|builder|transfer)\.ts$/,
    reason: 'each manager of a runtime has its own file, named after the contract',
  },
]

if (isMain(import.meta.url)) reportViolations(findSingleUses(dirname(dirname(fileURLToPath(import.meta.url)))))
