import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from './package-manifest.js'

/** Finds the entry file of a package for `import`, by the rules of Node; `undefined` if its `exports` have none. */
export async function findEntry(folder: string, { exports, main }: Manifest): Promise<string | undefined> {
  const entry = exports === undefined ? await findMain(folder, main) : toExported(exports)
  return entry === undefined ? undefined : join(folder, entry)
}

/** Returns the entry `.` of an `exports` field for the conditions of `import` in Node. */
function toExported(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports
  if (Array.isArray(exports)) return exports.map(toExported).find((entry) => entry !== undefined)
  if (typeof exports !== 'object' || exports === null) return undefined
  if (Object.hasOwn(exports, '.')) return toExported(new Map(Object.entries(exports)).get('.'))
  for (const [condition, target] of Object.entries(exports)) {
    const entry = conditions.has(condition) ? toExported(target) : undefined
    if (entry !== undefined) return entry
  }
  return undefined
}

/** https://nodejs.org/api/esm.html, LEGACY_MAIN_RESOLVE: `main` may omit the extension, or name a folder. */
async function findMain(folder: string, main: string | undefined): Promise<string> {
  const candidates = main === undefined ? [] : [main, `${main}.js`, `${main}/index.js`]
  for (const candidate of candidates) {
    const kind = await stat(join(folder, candidate)).catch(() => undefined)
    if (kind?.isFile()) return candidate
  }
  return 'index.js'
}

const conditions: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default'])
