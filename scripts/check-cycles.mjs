import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { findImports } from './source/imports.mjs'
import { reportOffences } from './source/offence.mjs'
import { readPackages } from './source/packages.mjs'

/**
 * Finds files that import each other in a circle, when loaded: what types alone need is erased and does not count. Each
 * circle is told once, at its first file in the alphabet.
 *
 * @param {readonly import('./source/packages.mjs').SourceFile[]} files
 * @returns {readonly import('./source/offence.mjs').Offence[]}
 */
export function findCycles(files) {
  const graph = new Map(files.map((file) => [file.path, findTargets(file)]))
  return [...graph.keys()].sort().flatMap((start) => {
    const circle = findWayBack(graph, start)
    return circle ? [{ path: start, text: `imports itself: ${circle.join(' → ')}` }] : []
  })
}

/**
 * Finds the shortest way from a file to itself that passes no file before it in the alphabet, so that each circle has
 * one start.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @param {string} start
 */
function findWayBack(graph, start) {
  /** @type {string[][]} */
  const ways = [[start]]
  const seen = new Set()
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? '') ?? []) {
      if (next === start) return [...way, start]
      if (next < start || seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

/** @param {import('./source/packages.mjs').SourceFile} file */
function findTargets({ path, text }) {
  return findImports(path, text)
    .filter(({ specifier, kind }) => specifier.startsWith('.') && kind === 'value')
    .map(({ specifier }) => join(dirname(path), specifier).replace(/\.js$/, '.ts'))
}

if (isMain(import.meta.url)) {
  const packages = readPackages(dirname(dirname(fileURLToPath(import.meta.url))), ['packages', 'examples'])
  reportOffences(findCycles(packages.flatMap(({ sources }) => sources)))
}
