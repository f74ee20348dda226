import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { findImports } from './source/imports.mjs'
import { readPackages } from './source/packages.mjs'

/**
 * @typedef {import('./source/offence.mjs').Offence} Offence
 * @typedef {import('./source/packages.mjs').SourceFile} SourceFile
 * @typedef {import('./source/packages.mjs').WorkspacePackage} WorkspacePackage
 * @typedef {readonly (readonly string[])[]} Layers from the top down; each has the rooms that are side by side
 */

/**
 * Finds imports that go up or sideways between the folders of a package. The layers are those of ARCHITECTURE.md.
 *
 * A room is a folder of `src/`, with the folders in it, or one file of `src/` itself. Files of `src/` that no layer names
 * are above all rooms. Imports of types count too: they show where an idea belongs.
 *
 * @param {string} root
 * @returns {readonly Offence[]}
 */
export function findLayerOffences(root) {
  const layers = readLayers(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))
  return readPackages(root).flatMap((pack) => {
    const name = relative(join(root, 'packages'), pack.directory)
    return findPackageOffences(
      { name, source: join(relative(root, pack.directory), 'src') },
      pack,
      layers.get(name) ?? [],
    )
  })
}

/**
 * Reads the blocks of code with the language `layers`: the name of a package, then its layers from the top down, each on an
 * indented line with its rooms, separated by commas, and a text after two spaces.
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
      const [, rooms] = /^ {2}(\S+(?:, \S+)*)(?: {2}.*)?$/.exec(line) ?? []
      if (rooms === undefined) name = line.trim()
      else layers.set(name, [...(layers.get(name) ?? []), rooms.split(', ')])
    }
  }
  return layers
}

/**
 * @param {{ readonly name: string, readonly source: string }} of
 * @param {WorkspacePackage} pack
 * @param {Layers} layers
 * @returns {readonly Offence[]}
 */
function findPackageOffences({ name, source }, { sources }, layers) {
  const rooms = layers.flatMap((layer, depth) => layer.map((room) => ({ room, depth })))
  /** @param {string} path */
  const findPlace = (path) => {
    const inside = relative(source, path)
    const found = rooms.filter(({ room }) => inside === room || inside.startsWith(`${room}/`))
    return found.toSorted((one, other) => other.room.length - one.room.length)[0] ?? toUnnamed(inside)
  }
  return sources.flatMap((file) => {
    const from = findPlace(file.path)
    if (from === undefined) return [{ path: file.path, text: `is in no layer: ARCHITECTURE.md lists those of ${name}` }]
    return findImports(file.path, file.text).flatMap(({ specifier, line }) => {
      if (!specifier.startsWith('.')) return []
      const to = findPlace(join(dirname(file.path), specifier).replace(/\.js$/, '.ts'))
      if (to === undefined || to.room === from.room || to.depth > from.depth) return []
      const where = to.depth === from.depth ? 'beside' : 'above'
      return [{ path: file.path, line, text: `imports '${specifier}': ${to.room} is ${where} ${from.room} in ${name}` }]
    })
  })
}

/**
 * @param {string} inside
 * @returns {{ readonly room: string, readonly depth: number } | undefined}
 */
function toUnnamed(inside) {
  return inside.includes('/') ? undefined : { room: 'src', depth: -1 }
}
