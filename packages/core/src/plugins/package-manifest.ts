import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { toErrorText } from '../errors/message.js'
import { isObject } from '../validation/check.js'

/** The fields that are read from a package.json. A field of another type is treated as absent. */
export interface Manifest {
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly main?: string | undefined
  readonly exports?: unknown
}

/** Reads the package.json of a folder; `undefined` if there is none. Throws if it is not readable or not a JSON object. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, 'package.json')
  try {
    return toManifest(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (isFileNotFound(error)) return undefined
    throw new Error(`${path}: ${toErrorText(error)}`, { cause: error })
  }
}

/** Whether an error of the file system means that the file does not exist. */
export function isFileNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function toManifest(json: unknown): Manifest {
  if (!isObject(json)) throw new Error('is not a JSON object')
  const { name, version, main, exports } = json as Readonly<Record<string, unknown>> // the fields of any object
  return { name: toText(name), version: toText(version), main: toText(main), exports: exports ?? undefined }
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

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
