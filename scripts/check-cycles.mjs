import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain } from '../tools/is-main.mjs'
import { findImports } from './source/imports.mjs'
import { readPackages } from './source/packages.mjs'
import { reportViolations } from './source/violation.mjs'

/**
 * Finds cycles of imports between files. Type imports are erased and do not count. Each cycle is reported once, at its
 * first file in alphabetical order.
 *
 * @param {readonly import('./source/packages.mjs').SourceFile[]} files
 * @returns {readonly import('./source/violation.mjs').Violation[]}
 */
export function findCycles(files) {
  const graph = new Map(files.map((file) => [file.path, findTargets(file)]))
  return [...graph.keys()].sort().flatMap((start) => {
    const cycle = findCycle(graph, start)
    return cycle ? [{ path: start, text: `imports itself: ${cycle.join(' → ')}` }] : []
  })
}

/**
 * Finds the shortest path from a file to itself without files that precede it in alphabetical order, so that each cycle
 * has one start.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @param {string} start
 */
function findCycle(graph, start) {
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
  reportViolations(findCycles(packages.flatMap(({ sources }) => sources)))
}
