import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { findImports } from './source/imports.mjs'
import { readPackages } from './source/packages.mjs'

/**
 * @typedef {import('./source/violation.mjs').Violation} Violation
 * @typedef {import('./source/packages.mjs').SourceFile} SourceFile
 * @typedef {import('./source/packages.mjs').WorkspacePackage} WorkspacePackage
 * @typedef {readonly (readonly string[])[]} Layers from the top down; each with its entries
 */

/**
 * Finds imports from a higher layer, or from the same one, between the folders of a package. ARCHITECTURE.md lists the
 * layers.
 *
 * An entry of a layer is a folder of `src/` with its subfolders, or one file of `src/`. Files of `src/` that no layer lists
 * are above all layers. Type imports count too.
 *
 * @param {string} root
 * @returns {readonly Violation[]}
 */
export function findLayerViolations(root) {
  const layers = readLayers(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))
  return readPackages(root).flatMap((pack) => {
    const name = relative(join(root, 'packages'), pack.directory)
    return findPackageViolations(
      { name, source: join(relative(root, pack.directory), 'src') },
      pack,
      layers.get(name) ?? [],
    )
  })
}

/**
 * Reads the code blocks with the language `layers`: the name of a package, then its layers from the top down, each on an
 * indented line with its entries, separated by commas, and a description after two spaces.
 *
 * @param {string} text
 * @returns {ReadonlyMap<string, Layers>}
 */
export function readLayers(text) {
  /** @type {Map<string, Layers>} */
  const layers = new Map()
  let name = ''
  for (const [, block = ''] of text.matchAll(/^```layers\n(.*?)^```$/gms)) {
    for (const line of block.split('\n').filter((each) => each.trim() !== '')) {
      const [, entries] = /^ {2}(\S+(?:, \S+)*)(?: {2}.*)?$/.exec(line) ?? []
      if (entries === undefined) name = line.trim()
      else layers.set(name, [...(layers.get(name) ?? []), entries.split(', ')])
    }
  }
  return layers
}

/**
 * @param {{ readonly name: string, readonly source: string }} of
 * @param {WorkspacePackage} pack
 * @param {Layers} layers
 * @returns {readonly Violation[]}
 */
function findPackageViolations({ name, source }, { sources }, layers) {
  const entries = layers.flatMap((layer, depth) => layer.map((entry) => ({ entry, depth })))
  /** @param {string} path */
  const findPlace = (path) => {
    const inside = relative(source, path)
    const found = entries.filter(({ entry }) => inside === entry || inside.startsWith(`${entry}/`))
    return found.toSorted((one, other) => other.entry.length - one.entry.length)[0] ?? toUnnamed(inside)
  }
  return sources.flatMap((file) => {
    const from = findPlace(file.path)
    if (from === undefined) return [{ path: file.path, text: `is in no layer: ARCHITECTURE.md lists those of ${name}` }]
    return findImports(file.path, file.text).flatMap(({ specifier, line }) => {
      if (!specifier.startsWith('.')) return []
      const to = findPlace(join(dirname(file.path), specifier).replace(/\.js$/, '.ts'))
      if (to === undefined || to.entry === from.entry || to.depth > from.depth) return []
      const where = to.depth === from.depth ? 'beside' : 'above'
      return [
        { path: file.path, line, text: `imports '${specifier}': ${to.entry} is ${where} ${from.entry} in ${name}` },
      ]
    })
  })
}

/**
 * @param {string} inside
 * @returns {{ readonly entry: string, readonly depth: number } | undefined}
 */
function toUnnamed(inside) {
  return inside.includes('/') ? undefined : { entry: 'src', depth: -1 }
}
